SELECT
  a.position AS index,
  NUMBER_OF(a.order_gid) AS order_id,
  a.allocation_method,
  a.code,
  a.target_selection,
  a.target_type,
  a.value ->> '$.amount' AS value_amount,
  a.value ->> '$.currencyCode' AS value_currency_code,
  a.value ->> '$.percentage' AS value_percentage
FROM order_discount_applications AS a
