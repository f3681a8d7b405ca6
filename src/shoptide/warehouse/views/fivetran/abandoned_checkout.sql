SELECT
  a.id,
  a.abandoned_checkout_url,
  a.completed_at,
  a.created_at,
  NUMBER_OF(a.customer_gid) AS customer_id,
  a.name,
  a.note,
  a.taxes_included,
  a.updated_at,
  MONEY(a.subtotal_price_set),
  MONEY(a.total_discount_set),
  MONEY(a.total_duties_set),
  MONEY(a.total_line_items_price_set),
  MONEY(a.total_price_set),
  MONEY(a.total_tax_set),
  ADDRESS(a.billing_address),
  ADDRESS(a.shipping_address)
FROM abandoned_checkouts AS a
