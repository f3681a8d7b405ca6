SELECT NUMBER_OF(m.product_gid) AS product_id, m.id AS media_id
FROM product_media AS m
