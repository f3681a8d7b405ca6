SELECT NUMBER_OF(m.product_variant_gid) AS product_variant_id, NUMBER_OF(m.media_gid) AS media_id
FROM product_variant_media AS m
