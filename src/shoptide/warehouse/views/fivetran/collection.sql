SELECT
  c.id,
  c.rule_set ->> '$.appliedDisjunctively' AS applied_disjunctively,
  c.handle,
  c.sort_order,
  c.title,
  c.updated_at
FROM collections AS c
