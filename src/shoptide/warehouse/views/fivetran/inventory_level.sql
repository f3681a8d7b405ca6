SELECT
  l.id,
  NUMBER_OF(l.item_gid) AS inventory_item_id,
  NUMBER_OF(l.location_gid) AS location_id,
  l.can_deactivate,
  l.created_at,
  l.deactivation_alert,
  l.updated_at
FROM inventory_levels AS l
