"""What people's dbt models ask of Fivetran's layout, in queries of our own with the same joins, filters and sums.

`{s}` is the layout's schema. They run on DuckDB and Postgres as they are. `source_relation` has no part in them: it is
the same for all rows of one schema.
"""

from __future__ import annotations

# An order as it was placed, what came off it since, and what is left: the sums of the package's orders model.
ORDERS = """
WITH placed AS (
  SELECT id AS order_id, * FROM {s}."order" WHERE NOT coalesce(test, false) AND NOT coalesce(_fivetran_deleted, false)
), lines AS (
  SELECT l.order_id, count(*) AS line_item_count, sum(coalesce(l.quantity, 0)) AS quantity,
    sum(coalesce(l.original_total_set_shop_amount, 0)) AS items,
    sum(coalesce(l.original_total_set_pres_amount, 0)) AS items_presented,
    sum(coalesce(t.price, 0)) AS line_taxes,
    sum(coalesce(a.allocated, 0)) AS allocated
  FROM {s}.order_line AS l
  LEFT JOIN (SELECT order_line_id, sum(price_set_shop_amount) AS price FROM {s}.tax_line GROUP BY 1) AS t
    ON t.order_line_id = l.id
  LEFT JOIN (
    SELECT order_line_id, sum(allocated_amount_set_shop_amount) AS allocated FROM {s}.discount_allocation GROUP BY 1
  ) AS a ON a.order_line_id = l.id
  GROUP BY 1
), shipping AS (
  SELECT g.order_id, sum(g.original_price_set_shop_amount) AS shipping,
    sum(g.discounted_price_set_shop_amount) AS discounted_shipping, sum(coalesce(t.tax, 0)) AS shipping_tax
  FROM {s}.order_shipping_line AS g
  LEFT JOIN (
    SELECT order_shipping_line_id, sum(price_set_shop_amount) AS tax FROM {s}.order_shipping_tax_line GROUP BY 1
  ) AS t ON t.order_shipping_line_id = g.id
  GROUP BY 1
), refunded AS (
  SELECT r.order_id, sum(f.subtotal_set_shop_amount) AS refund_subtotal, sum(f.total_tax_set_shop_amount) AS refund_tax,
    sum(f.quantity) AS refunded_quantity
  FROM {s}.refund AS r
  LEFT JOIN {s}.order_line_refund AS f ON f.refund_id = r.id
  GROUP BY 1
), adjusted AS (
  SELECT r.order_id, sum(a.amount_set_shop_amount) AS adjustment, sum(a.tax_amount_set_shop_amount) AS adjustment_tax
  FROM {s}.order_adjustment AS a
  LEFT JOIN {s}.refund AS r ON r.id = a.refund_id
  GROUP BY 1
), parcels AS (
  SELECT order_id, count(DISTINCT id) AS number_of_fulfillments FROM {s}.fulfillment GROUP BY 1
), tags AS (
  SELECT order_id, string_agg(DISTINCT cast(value AS text), ', ') AS order_tags FROM {s}.order_tag GROUP BY 1
)
SELECT o.order_id, o.subtotal_price_set_shop_amount, o.total_discounts_set_shop_amount, o.total_price_set_shop_amount,
  o.total_price_set_pres_amount, o.total_price_set_pres_currency_code, o.total_tax_set_shop_amount,
  coalesce(o.total_shipping_price_set_shop_amount, 0) AS shipping_cost, l.line_item_count, l.quantity, l.items,
  l.items_presented, l.line_taxes, l.allocated, coalesce(g.shipping, 0) AS shipping,
  coalesce(g.discounted_shipping, 0) AS discounted_shipping, coalesce(g.shipping_tax, 0) AS shipping_tax,
  coalesce(r.refund_subtotal, 0) AS refund_subtotal, coalesce(r.refund_tax, 0) AS refund_tax,
  coalesce(r.refunded_quantity, 0) AS refunded_quantity,
  o.total_price_set_shop_amount + coalesce(a.adjustment, 0) + coalesce(a.adjustment_tax, 0)
    - coalesce(r.refund_subtotal, 0) - coalesce(r.refund_tax, 0) AS order_adjusted_total,
  coalesce(p.number_of_fulfillments, 0) AS number_of_fulfillments, t.order_tags,
  row_number() OVER (PARTITION BY o.customer_id ORDER BY o.created_at) AS customer_order_seq_number
FROM placed AS o
LEFT JOIN lines AS l ON l.order_id = o.order_id
LEFT JOIN shipping AS g ON g.order_id = o.order_id
LEFT JOIN refunded AS r ON r.order_id = o.order_id
LEFT JOIN adjusted AS a ON a.order_id = o.order_id
LEFT JOIN parcels AS p ON p.order_id = o.order_id
LEFT JOIN tags AS t ON t.order_id = o.order_id
"""

# A line with what of it was refunded, and the variant it is of.
ORDER_LINES = """
SELECT l.id, l.quantity, l.original_unit_price_set_shop_amount AS unit_price,
  l.quantity - coalesce(r.quantity, 0) AS quantity_net_refunds,
  coalesce(r.subtotal, 0) AS refunded_subtotal,
  coalesce(l.original_total_set_shop_amount, 0) - coalesce(t.tax, 0) AS pre_tax_price,
  CASE WHEN l.unfulfilled_quantity = 0 THEN 'fulfilled' WHEN l.unfulfilled_quantity < l.quantity THEN 'partial'
    ELSE 'unfulfilled' END AS fulfillment_status,
  v.price AS variant_price, v.sku AS variant_sku, i.measurement_weight_value AS weight,
  md5(coalesce(cast(l.id AS text), '') || '-' || coalesce(cast(l.order_id AS text), '')) AS unique_key
FROM {s}.order_line AS l
LEFT JOIN (
  SELECT order_line_id, sum(quantity) AS quantity, sum(coalesce(subtotal_set_shop_amount, 0)) AS subtotal
  FROM {s}.order_line_refund GROUP BY 1
) AS r ON r.order_line_id = l.id
LEFT JOIN (SELECT order_line_id, sum(price_set_shop_amount) AS tax FROM {s}.tax_line GROUP BY 1) AS t
  ON t.order_line_id = l.id
LEFT JOIN {s}.product_variant AS v ON v.id = l.variant_id
LEFT JOIN {s}.inventory_item AS i ON i.id = v.inventory_item_id
"""

# What customers paid and got back, by successful transactions that are no redeemed gift cards.
CUSTOMERS = """
WITH paid AS (
  SELECT order_id, lower(kind) AS kind,
    sum(coalesce(cast(nullif({receipt}, '') AS numeric), 1) * amount_set_shop_amount) AS amount
  FROM {s}.transaction
  WHERE NOT coalesce(test, false) AND lower(status) = 'success'
    AND lower(kind) NOT IN ('authorization', 'void') AND lower(gateway) <> 'gift_card'
  GROUP BY 1, 2
), orders AS (
  SELECT customer_id, id FROM {s}."order"
  WHERE customer_id IS NOT NULL AND NOT coalesce(test, false) AND NOT coalesce(_fivetran_deleted, false)
), totals AS (
  SELECT o.customer_id, count(DISTINCT o.id) AS orders, sum(s.amount) AS spent, sum(r.amount) AS refunded
  FROM orders AS o
  LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM paid WHERE kind IN ('sale', 'capture') GROUP BY 1) AS s
    ON s.order_id = o.id
  LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM paid WHERE kind = 'refund' GROUP BY 1) AS r
    ON r.order_id = o.id
  GROUP BY 1
)
SELECT c.id, lower(c.email) AS email, c.orders_count, c.total_spent, lower(c.state) AS account_state,
  lower(c.email_marketing_consent_state) AS marketing_consent_state,
  cast(c.email_marketing_consent_updated_at AS timestamp) AS marketing_consent_updated_at, c.verified_email,
  a.id AS default_address_id, g.customer_tags, coalesce(t.orders, 0) AS lifetime_count_orders,
  coalesce(t.spent, 0) AS lifetime_total_spent, coalesce(t.refunded, 0) AS lifetime_total_refunded
FROM {s}.customer AS c
LEFT JOIN {s}.customer_address AS a ON a.customer_id = c.id AND coalesce(a.is_default, false)
LEFT JOIN (
  SELECT customer_id, string_agg(DISTINCT cast(value AS text), ', ') AS customer_tags FROM {s}.customer_tag GROUP BY 1
) AS g ON g.customer_id = c.id
LEFT JOIN totals AS t ON t.customer_id = c.id
"""
RECEIPT = {
    "duckdb": "json_extract_string(receipt_json, '$.charges.data[0].balance_transaction.exchange_rate')",
    "postgres": "receipt_json::json #>> '{charges, data, 0, balance_transaction, exchange_rate}'",
}

# What lies where, in every state.
INVENTORY = """
SELECT l.id, l.inventory_item_id, l.location_id, n.name AS location_name, v.id AS variant_id, i.unit_cost_amount,
  {states}
FROM {s}.inventory_level AS l
JOIN {s}.inventory_item AS i ON i.id = l.inventory_item_id
JOIN {s}.location AS n ON n.id = l.location_id
JOIN {s}.product_variant AS v ON v.inventory_item_id = i.id
LEFT JOIN {s}.inventory_quantity AS q ON q.inventory_item_id = l.inventory_item_id AND q.inventory_level_id = l.id
GROUP BY 1, 2, 3, 4, 5, 6
"""
STATES = ("incoming", "on_hand", "available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
PIVOT = ", ".join(f"sum(CASE WHEN lower(q.name) = '{each}' THEN q.quantity END) AS {each}_quantity" for each in STATES)

# Codes of orders by what kind of discount they are.
DISCOUNTS = """
SELECT c.order_id, upper(c.code) AS code, CASE WHEN a.value_percentage IS NOT NULL THEN 'percentage'
    WHEN lower(a.target_type) = 'shipping_line' THEN 'shipping' WHEN a.value_amount IS NOT NULL THEN 'fixed_amount' END
    AS type, a.value_amount, a.value_percentage, a.value_currency_code
FROM {s}.order_discount_code AS c
LEFT JOIN {s}.discount_application AS a ON a.order_id = c.order_id AND upper(a.code) = upper(c.code)
"""

# Refunded lines with the order, the return and the discrepancies of their refund.
REFUNDS = """
SELECT f.id, r.id AS refund_id, r.order_id, o.customer_id, r.total_refunded_set_shop_amount,
  cast(r.created_at AS date) - cast(o.created_at AS date) AS days_to_refund, t.id AS return_id,
  t.status AS return_status, b.quantity AS returned_quantity,
  lower(f.restock_type) IN ('return', 'cancel', 'legacy_restock') AS is_restocked,
  f.subtotal_set_shop_amount + f.total_tax_set_shop_amount AS total_refunded_line, d.discrepancy
FROM {s}.order_line_refund AS f
JOIN {s}.refund AS r ON r.id = f.refund_id
LEFT JOIN {s}.order_line AS l ON l.id = f.order_line_id
LEFT JOIN {s}."order" AS o ON o.id = r.order_id
LEFT JOIN {s}.return AS t ON t.id = r.return_id
LEFT JOIN {s}.return_line_item AS b ON b.return_id = r.return_id AND b.order_line_id = f.order_line_id
LEFT JOIN (
  SELECT refund_id, sum(amount_set_shop_amount) AS discrepancy FROM {s}.order_adjustment
  WHERE lower(reason) = 'refund_discrepancy' GROUP BY 1
) AS d ON d.refund_id = r.id
"""

# Days in the shop's own time.
DAILY = """
SELECT cast(date_trunc('day', cast(cast(created_at AS timestamp) AT TIME ZONE 'UTC' AT TIME ZONE 'America/Toronto'
    AS timestamp)) AS date) AS date_day, count(*) AS orders, sum(total_price_set_shop_amount) AS total
FROM {s}."order" WHERE NOT coalesce(test, false) AND NOT coalesce(_fivetran_deleted, false)
GROUP BY 1
"""
