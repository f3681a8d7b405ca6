SELECT
  r.id,
  r.decline ->> '$.note' AS decline_note,
  r.decline ->> '$.reason' AS decline_reason,
  r.name,
  NUMBER_OF(r.order_gid) AS order_id,
  r.status,
  r.total_quantity
FROM returns AS r
