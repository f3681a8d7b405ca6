SELECT
  l.id,
  l.customer_note,
  NUMBER_OF(f.line_item_gid) AS order_line_id,
  l.quantity,
  l.refundable_quantity,
  l.refunded_quantity,
  NUMBER_OF(l.return_gid) AS return_id,
  l.return_reason_note
FROM return_line_items AS l
LEFT JOIN fulfillment_line_items AS f ON f._shop = l._shop AND f.gid = l.fulfillment_line_item_gid
