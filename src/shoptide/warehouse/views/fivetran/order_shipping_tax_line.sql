SELECT
  s.id AS order_shipping_line_id,
  tax.index,
  tax.value ->> '$.rate' AS rate,
  tax.value ->> '$.source' AS source,
  tax.value ->> '$.title' AS title,
  tax.value ->> '$.priceSet.presentmentMoney.amount' AS price_set_pres_amount,
  tax.value ->> '$.priceSet.presentmentMoney.currencyCode' AS price_set_pres_currency_code,
  tax.value ->> '$.priceSet.shopMoney.amount' AS price_set_shop_amount,
  tax.value ->> '$.priceSet.shopMoney.currencyCode' AS price_set_shop_currency_code
FROM order_shipping_lines AS s
CROSS JOIN JSON_ITEMS(s.tax_lines) AS tax
