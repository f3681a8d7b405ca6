SELECT
  f.id AS media_id,
  NUMBER_OF(f.image ->> '$.id') AS image_id,
  f.image ->> '$.altText' AS image_alt_text,
  f.image ->> '$.height' AS image_height,
  f.image ->> '$.url' AS image_url,
  f.image ->> '$.width' AS image_width
FROM files AS f
WHERE f.typename = 'MediaImage'
UNION ALL
SELECT
  m.id AS media_id,
  NUMBER_OF(m.image ->> '$.id') AS image_id,
  m.image ->> '$.altText' AS image_alt_text,
  m.image ->> '$.height' AS image_height,
  m.image ->> '$.url' AS image_url,
  m.image ->> '$.width' AS image_width
FROM product_media AS m
WHERE m.typename = 'MediaImage'
  AND NOT EXISTS (SELECT 1 FROM files AS k WHERE k._shop = m._shop AND k.gid = m.gid AND k._deleted_at IS NULL)
