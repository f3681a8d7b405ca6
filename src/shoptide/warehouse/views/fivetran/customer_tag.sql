SELECT c.id AS customer_id, tag.index, tag.value
FROM customers AS c
CROSS JOIN TEXT_ITEMS(c.tags) AS tag
