{{ shopify.found('order_adjustment') }}
