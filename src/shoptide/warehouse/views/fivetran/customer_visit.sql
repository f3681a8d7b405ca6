-- The moments of a journey have no ids, so the visits are an order's first and its last; one that is both, once. One that
-- led to several orders is the latest one's, as ids tell visits apart.
SELECT
  NUMBER_OF(o.customer_journey_summary ->> '$.firstVisit.id') AS id,
  o.id AS order_id,
  'first_visit' AS type,
  CAST(o.customer_journey_summary ->> '$.firstVisit.occurredAt' AS TIMESTAMP) AS occurred_at,
  o.customer_journey_summary ->> '$.firstVisit.landingPage' AS landing_page,
  o.customer_journey_summary ->> '$.firstVisit.landingPageHtml' AS landing_page_html,
  o.customer_journey_summary ->> '$.firstVisit.referralCode' AS referral_code,
  o.customer_journey_summary ->> '$.firstVisit.referralInfoHtml' AS referral_info_html,
  o.customer_journey_summary ->> '$.firstVisit.referrerUrl' AS referrer_url,
  o.customer_journey_summary ->> '$.firstVisit.source' AS source,
  o.customer_journey_summary ->> '$.firstVisit.sourceDescription' AS source_description,
  o.customer_journey_summary ->> '$.firstVisit.sourceType' AS source_type,
  m.utm_parameters ->> '$.campaign' AS utm_parameters_campaign,
  m.utm_parameters ->> '$.content' AS utm_parameters_content,
  m.utm_parameters ->> '$.medium' AS utm_parameters_medium,
  m.utm_parameters ->> '$.source' AS utm_parameters_source,
  m.utm_parameters ->> '$.term' AS utm_parameters_term
FROM orders AS o
LEFT JOIN order_journey_moments AS m
  ON m._shop = o._shop
  AND m.order_gid = o.gid
  AND m.occurred_at = CAST(o.customer_journey_summary ->> '$.firstVisit.occurredAt' AS TIMESTAMP)
  AND NOT EXISTS (
    SELECT 1 FROM order_journey_moments AS e
    WHERE e._shop = m._shop AND e.order_gid = m.order_gid AND e.occurred_at = m.occurred_at AND e.position < m.position
  )
WHERE (o.customer_journey_summary ->> '$.firstVisit.id') IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM orders AS f
    WHERE f._shop = o._shop AND (f.customer_journey_summary ->> '$.firstVisit.id') = (o.customer_journey_summary ->> '$.firstVisit.id') AND f.id > o.id
      AND f._deleted_at IS NULL
  )
  AND NOT EXISTS (
    SELECT 1 FROM orders AS l
    WHERE l._shop = o._shop AND (l.customer_journey_summary ->> '$.lastVisit.id') = (o.customer_journey_summary ->> '$.firstVisit.id') AND l.id > o.id
      AND l._deleted_at IS NULL
  )
UNION ALL
SELECT
  NUMBER_OF(o.customer_journey_summary ->> '$.lastVisit.id') AS id,
  o.id AS order_id,
  'last_visit' AS type,
  CAST(o.customer_journey_summary ->> '$.lastVisit.occurredAt' AS TIMESTAMP) AS occurred_at,
  o.customer_journey_summary ->> '$.lastVisit.landingPage' AS landing_page,
  o.customer_journey_summary ->> '$.lastVisit.landingPageHtml' AS landing_page_html,
  o.customer_journey_summary ->> '$.lastVisit.referralCode' AS referral_code,
  o.customer_journey_summary ->> '$.lastVisit.referralInfoHtml' AS referral_info_html,
  o.customer_journey_summary ->> '$.lastVisit.referrerUrl' AS referrer_url,
  o.customer_journey_summary ->> '$.lastVisit.source' AS source,
  o.customer_journey_summary ->> '$.lastVisit.sourceDescription' AS source_description,
  o.customer_journey_summary ->> '$.lastVisit.sourceType' AS source_type,
  m.utm_parameters ->> '$.campaign' AS utm_parameters_campaign,
  m.utm_parameters ->> '$.content' AS utm_parameters_content,
  m.utm_parameters ->> '$.medium' AS utm_parameters_medium,
  m.utm_parameters ->> '$.source' AS utm_parameters_source,
  m.utm_parameters ->> '$.term' AS utm_parameters_term
FROM orders AS o
LEFT JOIN order_journey_moments AS m
  ON m._shop = o._shop
  AND m.order_gid = o.gid
  AND m.occurred_at = CAST(o.customer_journey_summary ->> '$.lastVisit.occurredAt' AS TIMESTAMP)
  AND NOT EXISTS (
    SELECT 1 FROM order_journey_moments AS e
    WHERE e._shop = m._shop AND e.order_gid = m.order_gid AND e.occurred_at = m.occurred_at AND e.position < m.position
  )
WHERE (o.customer_journey_summary ->> '$.lastVisit.id') IS NOT NULL
  AND (o.customer_journey_summary ->> '$.lastVisit.id') IS DISTINCT FROM (o.customer_journey_summary ->> '$.firstVisit.id')
  AND NOT EXISTS (
    SELECT 1 FROM orders AS f
    WHERE f._shop = o._shop AND (f.customer_journey_summary ->> '$.firstVisit.id') = (o.customer_journey_summary ->> '$.lastVisit.id') AND f.id > o.id
      AND f._deleted_at IS NULL
  )
  AND NOT EXISTS (
    SELECT 1 FROM orders AS l
    WHERE l._shop = o._shop AND (l.customer_journey_summary ->> '$.lastVisit.id') = (o.customer_journey_summary ->> '$.lastVisit.id') AND l.id > o.id
      AND l._deleted_at IS NULL
  )
