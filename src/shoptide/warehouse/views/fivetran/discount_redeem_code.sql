SELECT
  c.id,
  c.async_usage_count,
  c.code,
  NULL AS created_by_description,  -- the app is read as a reference
  NUMBER_OF(c.created_by_gid) AS created_by_id,
  NULL AS created_by_title,  -- the app is read as a reference
  NUMBER_OF(c.discount_gid) AS discount_id,
  d.discount_type
FROM discount_codes AS c
LEFT JOIN discounts AS d ON d._shop = c._shop AND d.gid = c.discount_gid
