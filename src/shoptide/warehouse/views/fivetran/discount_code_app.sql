SELECT
  d.id,
  d.title,
  d.status,
  d.created_at,
  d.updated_at,
  d.starts_at,
  d.ends_at,
  d.recurring_cycle_limit,
  d.applies_once_per_customer,
  d.async_usage_count,
  d.usage_limit,
  d.codes_count AS codes_count_count,
  NULL AS codes_count_precision,  -- counts are read as numbers
  d.combines_with ->> '$.orderDiscounts' AS combines_with_order_discounts,
  d.combines_with ->> '$.productDiscounts' AS combines_with_product_discounts,
  d.combines_with ->> '$.shippingDiscounts' AS combines_with_shipping_discounts,
  (d.context ->> '$.__typename') = 'DiscountBuyerSelectionAll' AS customer_selection_all_customers,
  d.total_sales_amount,
  d.total_sales_currency AS total_sales_currency_code
FROM discounts AS d
WHERE d.discount_type = 'DiscountCodeApp'
