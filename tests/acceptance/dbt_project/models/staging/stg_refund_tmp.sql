{{ shopify.found('refund') }}
