SELECT NUMBER_OF(a.order_gid) AS order_id, a.key, a.key AS name, a.value
FROM order_custom_attributes AS a
