SELECT
  e.id,
  e.address1 AS address_1,
  e.city,
  e.country,
  e.created_at,
  e.estimated_delivery_at,
  NUMBER_OF(e.fulfillment_gid) AS fulfillment_id,
  e.happened_at,
  e.latitude,
  e.longitude,
  e.message,
  e.province,
  e.status,
  e.zip
FROM fulfillment_events AS e
