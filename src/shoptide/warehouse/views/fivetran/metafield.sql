-- A metafield's description is its definition's.
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  NUMBER_OF(m.collection_gid) AS owner_id,
  'collection' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM collection_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
UNION ALL
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  NUMBER_OF(m.customer_gid) AS owner_id,
  'customer' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM customer_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
UNION ALL
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  NUMBER_OF(m.order_gid) AS owner_id,
  'order' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM order_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
UNION ALL
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  NUMBER_OF(m.product_gid) AS owner_id,
  'product' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM product_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
UNION ALL
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  NUMBER_OF(m.product_variant_gid) AS owner_id,
  'productvariant' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM product_variant_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
UNION ALL
SELECT
  m.id,
  m.created_at,
  d.description,
  m.key,
  m.namespace,
  s.id AS owner_id,
  'shop' AS owner_resource,
  m.type,
  m.updated_at,
  m.value
FROM shop_metafields AS m
LEFT JOIN metafield_definitions AS d ON d._shop = m._shop AND d.gid = m.definition_gid
JOIN shops AS s ON s._shop = m._shop
