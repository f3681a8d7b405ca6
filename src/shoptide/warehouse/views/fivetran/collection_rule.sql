SELECT
  NUMBER_OF(r.collection_gid) AS collection_id,
  r.position AS index,
  r.condition,
  r.relation,
  r.column AS columns
FROM collection_rules AS r
