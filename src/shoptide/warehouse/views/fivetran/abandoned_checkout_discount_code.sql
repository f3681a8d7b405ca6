SELECT a.id AS checkout_id, code.value AS code, code.index
FROM abandoned_checkouts AS a
CROSS JOIN TEXT_ITEMS(a.discount_codes) AS code
