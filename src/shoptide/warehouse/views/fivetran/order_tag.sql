SELECT o.id AS order_id, tag.index, tag.value
FROM orders AS o
CROSS JOIN TEXT_ITEMS(o.tags) AS tag
