SELECT p.id AS product_id, tag.index, tag.value
FROM products AS p
CROSS JOIN TEXT_ITEMS(p.tags) AS tag
