SELECT NUMBER_OF(p.collection_gid) AS collection_id, NUMBER_OF(p.product_gid) AS product_id
FROM collection_products AS p
