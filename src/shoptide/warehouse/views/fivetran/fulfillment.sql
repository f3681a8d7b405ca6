SELECT
  f.id,
  f.created_at,
  f.display_status,
  NUMBER_OF(f.location_gid) AS location_id,
  f.name,
  NUMBER_OF(f.order_gid) AS order_id,
  NULLIF(SPLIT_PART(f.service_gid, '/', 5), '') AS service_id,
  f.status,
  f.total_quantity,
  f.updated_at
FROM fulfillments AS f
