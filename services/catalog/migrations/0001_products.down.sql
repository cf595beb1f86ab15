DROP TABLE pictures;
DROP TABLE product_tags;
DROP TABLE product_categories;
DROP TABLE variants;
DROP TABLE products;
DROP TABLE categories;
