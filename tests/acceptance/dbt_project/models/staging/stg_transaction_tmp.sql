{{ shopify.found('transaction') }}
