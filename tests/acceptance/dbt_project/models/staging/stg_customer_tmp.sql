{{ shopify.found('customer') }}
