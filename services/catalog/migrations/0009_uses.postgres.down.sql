DELETE FROM product_pictures;
