SELECT NUMBER_OF(t.fulfillment_gid) AS fulfillment_id, t.position AS index, t.company, t.number, t.url
FROM fulfillment_tracking_info AS t
