SELECT
  r.id,
  r.created_at,
  r.note,
  NUMBER_OF(r.order_gid) AS order_id,
  NUMBER_OF(r.return_gid) AS return_id,
  NULL AS staff_member_id,  -- Shopify tells staff to few apps
  r.updated_at,
  MONEY(r.total_refunded_set)
FROM order_refunds AS r
