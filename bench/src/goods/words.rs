//! Words of a shop.

type Shelf = (&'static str, &'static [&'static str]);

pub(super) const SIZES: [&str; 4] = ["S", "M", "L", "XL"];

/// Departments with their shelves and what lies there.
pub(super) const DEPARTMENTS: [(&str, &[Shelf]); 6] = [
    (
        "Clothing",
        &[
            ("Tops", &["Shirt", "Blouse", "Sweater", "Cardigan", "Hoodie", "Tunic", "Polo"]),
            ("Trousers", &["Jeans", "Chinos", "Leggings", "Shorts", "Trousers", "Culottes"]),
            ("Outerwear", &["Jacket", "Coat", "Parka", "Raincoat", "Blazer", "Waistcoat"]),
        ],
    ),
    (
        "Home",
        &[
            ("Lighting", &["Lamp", "Lantern", "Chandelier", "Sconce", "Candlestick"]),
            ("Furniture", &["Chair", "Table", "Bookcase", "Sideboard", "Stool", "Wardrobe"]),
            ("Textiles", &["Curtain", "Cushion", "Blanket", "Towel", "Tablecloth", "Rug"]),
        ],
    ),
    (
        "Kitchen",
        &[
            ("Cookware", &["Saucepan", "Skillet", "Casserole", "Wok", "Kettle", "Griddle"]),
            ("Tableware", &["Plate", "Bowl", "Mug", "Teapot", "Pitcher", "Tumbler"]),
            ("Tools", &["Knife", "Whisk", "Ladle", "Grater", "Peeler", "Corkscrew"]),
        ],
    ),
    (
        "Electronics",
        &[
            ("Audio", &["Headphones", "Speaker", "Turntable", "Amplifier", "Microphone"]),
            ("Computing", &["Keyboard", "Monitor", "Laptop", "Mouse", "Router", "Printer"]),
            ("Power", &["Charger", "Battery", "Adapter", "Cable", "Converter"]),
        ],
    ),
    (
        "Sports",
        &[
            ("Camping", &["Tent", "Backpack", "Hammock", "Stove", "Flashlight", "Thermos"]),
            ("Fitness", &["Dumbbell", "Kettlebell", "Treadmill", "Bench", "Mat"]),
            ("Cycling", &["Helmet", "Saddle", "Pump", "Pedal", "Handlebar", "Bicycle"]),
        ],
    ),
    (
        "Toys",
        &[
            ("Building", &["Blocks", "Puzzle", "Railway", "Castle", "Crane"]),
            ("Soft", &["Bear", "Rabbit", "Elephant", "Penguin", "Dragon", "Giraffe"]),
            ("Games", &["Chess", "Dominoes", "Backgammon", "Marbles", "Dice"]),
        ],
    ),
];

pub(super) const ADJECTIVES: [&str; 32] = [
    "Adjustable",
    "Classic",
    "Compact",
    "Cordless",
    "Durable",
    "Elegant",
    "Everyday",
    "Folding",
    "Handmade",
    "Heavy",
    "Insulated",
    "Large",
    "Lightweight",
    "Luxury",
    "Mini",
    "Modern",
    "Natural",
    "Organic",
    "Outdoor",
    "Padded",
    "Portable",
    "Premium",
    "Professional",
    "Reversible",
    "Rustic",
    "Sleek",
    "Slim",
    "Stackable",
    "Sturdy",
    "Vintage",
    "Washable",
    "Waterproof",
];

pub(super) const MATERIALS: [&str; 24] = [
    "Aluminium",
    "Bamboo",
    "Brass",
    "Canvas",
    "Cashmere",
    "Ceramic",
    "Copper",
    "Cork",
    "Cotton",
    "Denim",
    "Felt",
    "Glass",
    "Leather",
    "Linen",
    "Marble",
    "Merino",
    "Nylon",
    "Oak",
    "Porcelain",
    "Rattan",
    "Silk",
    "Steel",
    "Velvet",
    "Walnut",
];

pub(super) const COLOURS: [&str; 20] = [
    "Amber",
    "Anthracite",
    "Azure",
    "Beige",
    "Black",
    "Burgundy",
    "Charcoal",
    "Cream",
    "Crimson",
    "Emerald",
    "Indigo",
    "Ivory",
    "Lavender",
    "Mustard",
    "Navy",
    "Olive",
    "Sage",
    "Silver",
    "Turquoise",
    "White",
];

pub(super) const STARTS: [&str; 56] = [
    "Al", "Ar", "Bel", "Ber", "Bran", "Cal", "Cam", "Cor", "Dal", "Del", "Dor", "El", "Em", "Fal",
    "Fen", "Fior", "Gal", "Gren", "Hal", "Hav", "Hel", "Il", "Jor", "Kal", "Kar", "Kel", "Lan",
    "Lor", "Lum", "Mal", "Mar", "Mer", "Mon", "Nar", "Nel", "Nor", "Or", "Os", "Pal", "Per",
    "Quin", "Ral", "Ros", "Sal", "Sel", "Sol", "Tal", "Tor", "Ul", "Val", "Ver", "Vin", "Wal",
    "Win", "Yor", "Zan",
];

pub(super) const MIDDLES: [&str; 40] = [
    "a", "ada", "ame", "ano", "ari", "bo", "cha", "da", "de", "di", "do", "e", "ela", "eno", "eri",
    "fa", "ge", "i", "ila", "ina", "ko", "la", "le", "li", "lo", "ma", "mi", "mo", "na", "ni", "o",
    "ra", "ri", "ro", "sa", "ta", "te", "ti", "va", "vi",
];

pub(super) const ENDS: [&str; 56] = [
    "bach", "bell", "berg", "bert", "burg", "by", "croft", "da", "dale", "den", "dine", "don",
    "dra", "field", "ford", "gard", "go", "ham", "hart", "haven", "holm", "ia", "ice", "ion",
    "ita", "ix", "land", "lett", "ley", "lin", "lux", "mark", "mere", "mond", "more", "na", "nell",
    "nes", "nova", "on", "port", "quist", "ra", "rick", "ro", "sen", "son", "stad", "ster", "tis",
    "ton", "vale", "ware", "well", "wick", "yn",
];

pub(super) const PHRASES: [&str; 24] = [
    "Made to last and easy to repair.",
    "Packed without plastic.",
    "A favourite of our customers for many years.",
    "Wipe with a damp cloth, do not soak.",
    "Designed in a small workshop by the sea.",
    "Comes with everything needed to put it together.",
    "Tested by an independent laboratory.",
    "Each piece is slightly different.",
    "Light enough to carry around all day.",
    "Feels soft to the touch and keeps its shape.",
    "Gentle machine wash in lukewarm water.",
    "A thoughtful present for a birthday or a wedding.",
    "Stores away flat under a bed or behind a door.",
    "The surface is treated with natural oil.",
    "Suits small flats as well as large houses.",
    "Spare parts are available for ten years.",
    "Keeps warm in winter and cool in summer.",
    "Combine it with other pieces of the collection.",
    "The manufacturer grants a guarantee of five years.",
    "Quiet in use and economical with energy.",
    "Safe for children from three years on.",
    "Delivered fully assembled.",
    "Reinforced seams withstand daily use.",
    "Handle with care and keep away from open fire.",
];
