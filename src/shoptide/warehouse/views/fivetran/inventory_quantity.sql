SELECT
  q.id,
  NUMBER_OF(l.item_gid) AS inventory_item_id,
  l.id AS inventory_level_id,
  q.name,
  q.quantity,
  q.updated_at
FROM inventory_level_quantities AS q
JOIN inventory_levels AS l ON l._shop = q._shop AND l.gid = q.inventory_level_gid
