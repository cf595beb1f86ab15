-- The pictures that products use already.
INSERT INTO product_pictures (picture_id, product_id)
SELECT DISTINCT k.id, u.product_id
FROM (SELECT p.id AS product_id, json_extract(i.value, '$.url') AS url
      FROM products p, json_each(p.images) i
      UNION
      SELECT product_id, image FROM variants WHERE image IS NOT NULL) u
JOIN pictures k ON k.id = unhex(replace(substr(u.url, 15), '-', ''))
WHERE u.url LIKE '/api/v1/media/%';
