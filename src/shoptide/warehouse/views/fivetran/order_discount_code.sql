SELECT o.id AS order_id, code.index, code.value AS code
FROM orders AS o
CROSS JOIN TEXT_ITEMS(o.discount_codes) AS code
