-- Files that are no media are left out; a product's media count when the files themselves are not pulled.
SELECT f.id, f.created_at, COALESCE(f.status, f.file_status) AS status, f.updated_at
FROM files AS f
WHERE f.typename <> 'GenericFile'
UNION ALL
SELECT m.id, m.created_at, m.status, m.updated_at
FROM product_media AS m
WHERE NOT EXISTS (SELECT 1 FROM files AS k WHERE k._shop = m._shop AND k.gid = m.gid AND k._deleted_at IS NULL)
