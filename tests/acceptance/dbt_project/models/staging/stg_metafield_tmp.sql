{{ shopify.found('metafield') }}
