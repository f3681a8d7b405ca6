{{ shopify.found('order_line') }}
