{{ shopify.found('refund_line_item') }}
