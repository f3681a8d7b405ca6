SELECT
  a.id,
  NUMBER_OF(a.customer_gid) AS customer_id,
  a.address1 AS address_1,
  a.address2 AS address_2,
  a.city,
  a.company,
  a.country,
  a.country_code_v2 AS country_code,
  a.first_name,
  -- The default one's gid ends otherwise than the same address's in the list.
  COALESCE(NUMBER_OF(c.default_address ->> '$.id') = a.id, FALSE) AS is_default,
  a.last_name,
  a.latitude,
  a.longitude,
  a.name,
  a.phone,
  a.province,
  a.province_code,
  a.zip,
  a.validation_result_summary,
  a.time_zone AS timezone,
  a.coordinates_validated
FROM customer_addresses AS a
LEFT JOIN customers AS c ON c._shop = a._shop AND c.gid = a.customer_gid
