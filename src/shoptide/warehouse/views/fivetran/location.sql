SELECT
  l.id,
  l.address ->> '$.address1' AS address_1,
  l.address ->> '$.address2' AS address_2,
  l.address ->> '$.city' AS city,
  l.address ->> '$.country' AS country,
  l.address ->> '$.countryCode' AS country_code,
  l.created_at,
  l.is_active,
  l.is_fulfillment_service,
  l.name,
  l.address ->> '$.phone' AS phone,
  l.address ->> '$.province' AS province,
  l.address ->> '$.provinceCode' AS province_code,
  l.updated_at,
  l.address ->> '$.zip' AS zip
FROM locations AS l
