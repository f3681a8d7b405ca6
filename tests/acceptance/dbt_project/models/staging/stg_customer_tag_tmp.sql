{{ shopify.found('customer_tag') }}
