SELECT p.id, p.created_at, p.handle, p.product_type, p.published_at, p.status, p.title, p.updated_at, p.vendor
FROM products AS p
