{{ shopify.found('order') }}
