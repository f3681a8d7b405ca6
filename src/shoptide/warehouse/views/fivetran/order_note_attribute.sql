-- A key that an order has twice counts with its last value, as the layout tells attributes apart by their keys.
SELECT NUMBER_OF(a.order_gid) AS order_id, a.key, a.key AS name, a.value
FROM order_custom_attributes AS a
WHERE NOT EXISTS (
  SELECT 1 FROM order_custom_attributes AS l
  WHERE l._shop = a._shop AND l.order_gid = a.order_gid AND l.key = a.key AND l.position > a.position
    AND l._deleted_at IS NULL
)
