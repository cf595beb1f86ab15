-- The pictures that products use already.
INSERT INTO product_pictures (picture_id, product_id)
SELECT DISTINCT k.id, u.product_id
FROM (SELECT p.id AS product_id, i ->> 'url' AS url
      FROM products p, jsonb_array_elements(p.images) i
      UNION
      SELECT product_id, image FROM variants WHERE image IS NOT NULL) u
JOIN pictures k ON CAST(k.id AS TEXT) = lower(substr(u.url, 15))
WHERE u.url LIKE '/api/v1/media/%';
