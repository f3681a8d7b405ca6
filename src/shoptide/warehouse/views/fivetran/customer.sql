SELECT
  c.id,
  c.created_at,
  c.amount_spent_currency AS currency,
  COALESCE(c.email, c.default_email_address ->> '$.emailAddress') AS email,
  COALESCE(
    c.email_marketing_consent ->> '$.marketingOptInLevel', c.default_email_address ->> '$.marketingOptInLevel'
  ) AS email_marketing_consent_opt_in_level,
  COALESCE(
    c.email_marketing_consent ->> '$.marketingState', c.default_email_address ->> '$.marketingState'
  ) AS email_marketing_consent_state,
  COALESCE(
    c.email_marketing_consent ->> '$.consentUpdatedAt', c.default_email_address ->> '$.marketingUpdatedAt'
  ) AS email_marketing_consent_updated_at,
  c.first_name,
  c.last_name,
  c.note,
  c.number_of_orders AS orders_count,
  COALESCE(c.phone, c.default_phone_number ->> '$.phoneNumber') AS phone,
  c.state,
  c.tax_exempt,
  c.amount_spent_amount AS total_spent,
  c.updated_at,
  c.verified_email
FROM customers AS c
