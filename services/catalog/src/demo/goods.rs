//! What the demo shop sells.

use super::drawing::Icon;
use crate::model::Policy;

/// One product.
pub(super) struct Good {
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) category: &'static str,
    pub(super) vendor: &'static str,
    pub(super) tags: &'static [&'static str],
    pub(super) description: &'static str,
    /// In cents.
    pub(super) price: i64,
    /// What it cost before, in cents.
    pub(super) before: Option<i64>,
    pub(super) options: &'static [(&'static str, &'static [&'static str])],
    /// What a value of an option costs more, in cents.
    pub(super) surcharges: &'static [(&'static str, i64)],
    pub(super) grams: i64,
    pub(super) policy: Policy,
    pub(super) stock: i64,
    pub(super) icon: Icon,
    /// The colours of the picture, light and dark.
    pub(super) colours: (&'static str, &'static str),
}

/// Slug, name, parent and description; parents first.
pub(super) const CATEGORIES: &[(&str, &str, Option<&str>, &str)] = &[
    ("clothing", "Clothing", None, "Made to be worn for years, not for a season."),
    ("tops", "Shirts & Tops", Some("clothing"), "Cotton, linen and merino for every day."),
    ("knitwear", "Sweaters & Jackets", Some("clothing"), "Warm layers for cold mornings."),
    ("accessories", "Accessories", Some("clothing"), "Hats, scarves and small things."),
    ("home", "Home", None, "Things that make a place yours."),
    ("kitchen", "Kitchen", Some("home"), "Tools that are good to hold and easy to clean."),
    ("living", "Living", Some("home"), "Light, textiles and plants."),
    ("workspace", "Workspace", None, "A desk you like to sit at."),
    ("stationery", "Stationery", Some("workspace"), "Paper and pens worth writing with."),
    ("audio", "Audio", Some("workspace"), "Hear what you want, and nothing else."),
    ("outdoor", "Outdoor", None, "For the weekend and the way to work."),
    ("bags", "Bags", Some("outdoor"), "Carry a little or a lot."),
    ("camping", "Camping", Some("outdoor"), "Small, light and sturdy."),
    ("gifts", "Gift Cards", None, "When you are not sure about the size."),
];

const SIZES: &[&str] = &["S", "M", "L", "XL"];

/// What most products have in common.
const PLAIN: Good = Good {
    slug: "",
    title: "",
    category: "",
    vendor: "",
    tags: &[],
    description: "",
    price: 0,
    before: None,
    options: &[],
    surcharges: &[],
    grams: 300,
    policy: Policy::Deny,
    stock: 25,
    icon: Icon::Mug,
    colours: ("#94a3b8", "#334155"),
};

pub(super) const GOODS: &[Good] = &[
    Good {
        slug: "organic-cotton-tee",
        title: "Organic Cotton Tee",
        category: "tops",
        vendor: "Harbour & Pine",
        tags: &["cotton", "basics", "organic"],
        description: "<p>A heavyweight tee from long-staple organic cotton, knitted and sewn in \
                      Portugal. It keeps its shape in the wash and gets softer with each one.</p>\
                      <ul><li>220 g/m² jersey</li><li>Ribbed collar with a taped neck</li></ul>",
        price: 2900,
        options: &[("Size", SIZES), ("Colour", &["White", "Navy", "Sage"])],
        grams: 210,
        stock: 30,
        icon: Icon::Shirt,
        colours: ("#86efac", "#15803d"),
        ..PLAIN
    },
    Good {
        slug: "linen-summer-shirt",
        title: "Linen Summer Shirt",
        category: "tops",
        vendor: "Harbour & Pine",
        tags: &["linen", "summer"],
        description: "<p>Washed European linen that is cool on the hottest day. Cut a little \
                      wider, with buttons of natural shell.</p>",
        price: 6900,
        before: Some(8500),
        options: &[("Size", SIZES), ("Colour", &["Sky", "Sand"])],
        grams: 240,
        stock: 14,
        icon: Icon::Shirt,
        colours: ("#7dd3fc", "#0369a1"),
        ..PLAIN
    },
    Good {
        slug: "merino-base-layer",
        title: "Merino Base Layer",
        category: "tops",
        vendor: "Fellside",
        tags: &["merino", "outdoor", "warm"],
        description: "<p>Fine merino wool, warm when it is cold and dry when you are not. Worn \
                      for a week of hiking it still smells of nothing.</p>",
        price: 7900,
        options: &[("Size", SIZES)],
        grams: 190,
        stock: 18,
        icon: Icon::Shirt,
        colours: ("#a5b4fc", "#4338ca"),
        ..PLAIN
    },
    Good {
        slug: "fishermans-sweater",
        title: "Fisherman's Sweater",
        category: "knitwear",
        vendor: "Fellside",
        tags: &["wool", "warm", "winter"],
        description: "<p>A dense rib knit after the sweaters of North Sea crews. Undyed wool keeps \
                      some of its lanolin, so light rain rolls off.</p>",
        price: 12900,
        options: &[("Size", SIZES), ("Colour", &["Oatmeal", "Charcoal"])],
        grams: 720,
        stock: 9,
        icon: Icon::Sweater,
        colours: ("#fcd34d", "#b45309"),
        ..PLAIN
    },
    Good {
        slug: "everyday-hoodie",
        title: "Everyday Hoodie",
        category: "knitwear",
        vendor: "Harbour & Pine",
        tags: &["cotton", "basics"],
        description: "<p>Brushed inside, plain outside. A double-layered hood that stands up by \
                      itself and a pocket deep enough for both hands.</p>",
        price: 5900,
        before: Some(6900),
        options: &[("Size", SIZES), ("Colour", &["Black", "Heather"])],
        grams: 610,
        stock: 22,
        icon: Icon::Sweater,
        colours: ("#c4b5fd", "#6d28d9"),
        ..PLAIN
    },
    Good {
        slug: "waxed-field-jacket",
        title: "Waxed Field Jacket",
        category: "knitwear",
        vendor: "Fellside",
        tags: &["jacket", "outdoor", "rain"],
        description: "<p>Waxed cotton with a corduroy collar and four pockets that close. Wax it \
                      again each autumn and hand it on in twenty years.</p>",
        price: 24900,
        options: &[("Size", SIZES)],
        grams: 1400,
        stock: 6,
        icon: Icon::Jacket,
        colours: ("#bef264", "#3f6212"),
        ..PLAIN
    },
    Good {
        slug: "ribbed-wool-beanie",
        title: "Ribbed Wool Beanie",
        category: "accessories",
        vendor: "Fellside",
        tags: &["wool", "winter", "hat"],
        description: "<p>One size, knitted from the yarn that is left over when our sweaters are \
                      done. Warm, soft and never itchy.</p>",
        price: 2400,
        options: &[("Colour", &["Rust", "Moss", "Ink"])],
        grams: 80,
        stock: 40,
        icon: Icon::Hat,
        colours: ("#fda4af", "#be123c"),
        ..PLAIN
    },
    Good {
        slug: "lambswool-scarf",
        title: "Lambswool Scarf",
        category: "accessories",
        vendor: "Harbour & Pine",
        tags: &["wool", "winter", "gift"],
        description: "<p>Woven in Scotland on looms older than we are. 180 by 30 centimetres, \
                      with hand-twisted fringes.</p>",
        price: 4900,
        options: &[("Pattern", &["Herringbone", "Tartan"])],
        grams: 160,
        stock: 20,
        icon: Icon::Scarf,
        colours: ("#fdba74", "#c2410c"),
        ..PLAIN
    },
    Good {
        slug: "leather-belt",
        title: "Bridle Leather Belt",
        category: "accessories",
        vendor: "Oak & Awl",
        tags: &["leather"],
        description: "<p>One strip of vegetable-tanned bridle leather and a buckle of solid \
                      brass. Nothing that could come apart.</p>",
        price: 5500,
        options: &[("Length", &["85 cm", "95 cm", "105 cm"])],
        grams: 220,
        stock: 15,
        icon: Icon::Belt,
        colours: ("#d6a77a", "#7c3f1d"),
        ..PLAIN
    },
    Good {
        slug: "stoneware-mug",
        title: "Stoneware Mug",
        category: "kitchen",
        vendor: "Kiln Street",
        tags: &["ceramics", "coffee", "gift"],
        description: "<p>Thrown by hand and glazed in three colours. Holds 350 ml, fits under an \
                      espresso machine and survives the dishwasher.</p>",
        price: 1800,
        options: &[("Glaze", &["Speckled White", "Ocean", "Terracotta"])],
        grams: 380,
        stock: 48,
        icon: Icon::Mug,
        colours: ("#67e8f9", "#0e7490"),
        ..PLAIN
    },
    Good {
        slug: "pour-over-coffee-set",
        title: "Pour-Over Coffee Set",
        category: "kitchen",
        vendor: "Kiln Street",
        tags: &["coffee", "ceramics"],
        description: "<p>Dripper, carafe and forty filters: everything for two good cups but the \
                      beans. The dripper is double-walled and keeps the heat.</p>",
        price: 5200,
        before: Some(6400),
        grams: 1100,
        stock: 17,
        icon: Icon::Coffee,
        colours: ("#d6b08c", "#78350f"),
        ..PLAIN
    },
    Good {
        slug: "chefs-knife",
        title: "Chef's Knife, 20 cm",
        category: "kitchen",
        vendor: "Hammer & Steel",
        tags: &["knife", "cooking"],
        description: "<p>Forged from one bar of steel that takes an edge and keeps it. The handle \
                      is walnut, the balance just in front of it.</p>",
        price: 11900,
        grams: 260,
        stock: 12,
        icon: Icon::Knife,
        colours: ("#cbd5e1", "#475569"),
        ..PLAIN
    },
    Good {
        slug: "cast-iron-skillet",
        title: "Cast Iron Skillet",
        category: "kitchen",
        vendor: "Hammer & Steel",
        tags: &["cooking", "cast iron"],
        description: "<p>Milled smooth inside and seasoned three times. Goes from the hob to the \
                      oven to the campfire, and to your grandchildren.</p>",
        price: 6400,
        options: &[("Size", &["20 cm", "26 cm", "30 cm"])],
        surcharges: &[("26 cm", 1500), ("30 cm", 2900)],
        grams: 2300,
        stock: 11,
        icon: Icon::Pan,
        colours: ("#a8a29e", "#292524"),
        ..PLAIN
    },
    Good {
        slug: "olive-wood-board",
        title: "Olive Wood Board",
        category: "kitchen",
        vendor: "Oak & Awl",
        tags: &["wood", "gift"],
        description: "<p>Each board is cut from one piece, so no two look alike. Oiled, with a \
                      leather loop to hang it up.</p>",
        price: 3900,
        grams: 900,
        stock: 0,
        icon: Icon::Board,
        colours: ("#fde68a", "#a16207"),
        ..PLAIN
    },
    Good {
        slug: "brass-desk-lamp",
        title: "Brass Desk Lamp",
        category: "living",
        vendor: "Lumen Works",
        tags: &["lamp", "light", "brass"],
        description: "<p>A joint at the foot, one in the arm and one at the shade: light exactly \
                      where you want it. With a warm LED that can be dimmed and replaced.</p>",
        price: 14900,
        grams: 2100,
        stock: 8,
        icon: Icon::Lamp,
        colours: ("#fef08a", "#ca8a04"),
        ..PLAIN
    },
    Good {
        slug: "soy-candle",
        title: "Soy Wax Candle",
        category: "living",
        vendor: "Lumen Works",
        tags: &["candle", "scent", "gift"],
        description: "<p>Soy wax, a cotton wick and essential oils in a glass you will want to \
                      keep. Burns for about forty hours.</p>",
        price: 2200,
        options: &[("Scent", &["Cedar", "Fig", "Sea Salt"])],
        grams: 420,
        stock: 36,
        icon: Icon::Candle,
        colours: ("#fbcfe8", "#be185d"),
        ..PLAIN
    },
    Good {
        slug: "linen-cushion",
        title: "Linen Cushion",
        category: "living",
        vendor: "Harbour & Pine",
        tags: &["linen", "textile"],
        description: "<p>Stone-washed linen with a hidden zip and a filling of recycled down. \
                      Fifty by fifty centimetres.</p>",
        price: 4500,
        before: Some(5500),
        options: &[("Colour", &["Clay", "Olive", "Natural"])],
        grams: 700,
        stock: 19,
        icon: Icon::Cushion,
        colours: ("#fca5a5", "#b91c1c"),
        ..PLAIN
    },
    Good {
        slug: "monstera-in-a-pot",
        title: "Monstera in a Pot",
        category: "living",
        vendor: "Greenhouse Nº 9",
        tags: &["plant", "green"],
        description: "<p>About sixty centimetres tall, in a pot of unglazed clay. Likes bright \
                      corners, forgives forgotten watering.</p>",
        price: 3400,
        grams: 3200,
        policy: Policy::Continue,
        stock: 7,
        icon: Icon::Plant,
        colours: ("#6ee7b7", "#047857"),
        ..PLAIN
    },
    Good {
        slug: "dotted-notebook",
        title: "Dotted Notebook",
        category: "stationery",
        vendor: "Folio",
        tags: &["paper", "writing"],
        description: "<p>192 numbered pages of paper that no ink bleeds through, thread-bound so \
                      that it lies flat. Two ribbons, one pocket.</p>",
        price: 1900,
        options: &[("Format", &["A5", "B5"]), ("Cover", &["Black", "Forest", "Coral"])],
        surcharges: &[("B5", 400)],
        grams: 320,
        stock: 44,
        icon: Icon::Notebook,
        colours: ("#93c5fd", "#1d4ed8"),
        ..PLAIN
    },
    Good {
        slug: "fountain-pen",
        title: "Aluminium Fountain Pen",
        category: "stationery",
        vendor: "Folio",
        tags: &["writing", "pen", "gift"],
        description: "<p>Turned from one bar, with a steel nib that writes at once even after a \
                      month in the drawer. Takes cartridges and a converter.</p>",
        price: 4800,
        options: &[("Nib", &["Fine", "Medium", "Broad"])],
        grams: 35,
        stock: 21,
        icon: Icon::Pen,
        colours: ("#99f6e4", "#0f766e"),
        ..PLAIN
    },
    Good {
        slug: "walnut-desk-tray",
        title: "Walnut Desk Tray",
        category: "stationery",
        vendor: "Oak & Awl",
        tags: &["wood", "desk"],
        description: "<p>Room for keys, pens and the things that have no other place. Lined with \
                      cork, so nothing rattles.</p>",
        price: 3600,
        grams: 480,
        stock: 16,
        icon: Icon::Tray,
        colours: ("#d9b99b", "#5b3a1e"),
        ..PLAIN
    },
    Good {
        slug: "noise-cancelling-headphones",
        title: "Noise-Cancelling Headphones",
        category: "audio",
        vendor: "Northtone",
        tags: &["headphones", "wireless", "music"],
        description: "<p>Thirty hours of quiet on one charge. Cushions and battery can be changed \
                      by hand, with the screwdriver that comes along.</p>",
        price: 22900,
        before: Some(26900),
        options: &[("Colour", &["Graphite", "Ivory"])],
        grams: 260,
        stock: 13,
        icon: Icon::Headphones,
        colours: ("#a5b4fc", "#312e81"),
        ..PLAIN
    },
    Good {
        slug: "bookshelf-speakers",
        title: "Bookshelf Speakers",
        category: "audio",
        vendor: "Northtone",
        tags: &["speaker", "music", "wood"],
        description: "<p>A pair with built-in amplifiers, for the record player and the phone \
                      alike. Cabinets of real oak veneer.</p>",
        price: 34900,
        grams: 7800,
        stock: 5,
        icon: Icon::Speaker,
        colours: ("#fdba74", "#7c2d12"),
        ..PLAIN
    },
    Good {
        slug: "mechanical-keyboard",
        title: "Mechanical Keyboard",
        category: "workspace",
        vendor: "Northtone",
        tags: &["keyboard", "desk", "wireless"],
        description: "<p>75 keys in a case of aluminium, with switches you can swap without \
                      soldering. By cable or wireless, for three computers.</p>",
        price: 13900,
        options: &[("Switches", &["Linear", "Tactile", "Silent"]), ("Layout", &["ANSI", "ISO"])],
        surcharges: &[("Silent", 800)],
        grams: 980,
        stock: 10,
        icon: Icon::Keyboard,
        colours: ("#d8b4fe", "#7e22ce"),
        ..PLAIN
    },
    Good {
        slug: "roll-top-backpack",
        title: "Roll-Top Backpack, 22 l",
        category: "bags",
        vendor: "Cairn",
        tags: &["backpack", "commute", "waterproof"],
        description: "<p>Welded seams and a roll-top that keeps a thunderstorm out. A padded \
                      sleeve takes laptops up to 16 inches.</p>",
        price: 9900,
        options: &[("Colour", &["Black", "Mustard", "Teal"])],
        grams: 890,
        stock: 18,
        icon: Icon::Backpack,
        colours: ("#fcd34d", "#92400e"),
        ..PLAIN
    },
    Good {
        slug: "canvas-tote",
        title: "Canvas Tote",
        category: "bags",
        vendor: "Cairn",
        tags: &["bag", "cotton", "basics"],
        description: "<p>Sixteen-ounce canvas, handles long enough for the shoulder, and an \
                      inside pocket for keys and phone.</p>",
        price: 2600,
        grams: 340,
        stock: 60,
        icon: Icon::Tote,
        colours: ("#fed7aa", "#9a3412"),
        ..PLAIN
    },
    Good {
        slug: "insulated-bottle",
        title: "Insulated Bottle",
        category: "camping",
        vendor: "Cairn",
        tags: &["bottle", "outdoor", "steel"],
        description: "<p>Keeps tea hot for twelve hours and water cold for a day. The lid comes \
                      apart for cleaning and has a loop for a carabiner.</p>",
        price: 3200,
        options: &[("Volume", &["0.5 l", "0.75 l", "1 l"]), ("Colour", &["Steel", "Pine"])],
        surcharges: &[("0.75 l", 400), ("1 l", 800)],
        grams: 350,
        stock: 27,
        icon: Icon::Bottle,
        colours: ("#7dd3fc", "#155e75"),
        ..PLAIN
    },
    Good {
        slug: "two-person-tent",
        title: "Two-Person Tent",
        category: "camping",
        vendor: "Cairn",
        tags: &["tent", "outdoor", "waterproof"],
        description: "<p>1.9 kilograms, two doors, and up in four minutes. The outer tent can be \
                      pitched first, so the inner one stays dry.</p>",
        price: 38900,
        before: Some(44900),
        grams: 1900,
        stock: 4,
        icon: Icon::Tent,
        colours: ("#fca5a5", "#9a3412"),
        ..PLAIN
    },
    Good {
        slug: "enamel-camping-lantern",
        title: "Camping Lantern",
        category: "camping",
        vendor: "Lumen Works",
        tags: &["light", "outdoor", "lamp"],
        description: "<p>Warm light for the tent or the balcony, charged by USB-C and, where \
                      there is no socket, by turning the crank.</p>",
        price: 4400,
        grams: 410,
        stock: 15,
        icon: Icon::Lantern,
        colours: ("#fde047", "#854d0e"),
        ..PLAIN
    },
    Good {
        slug: "gift-card",
        title: "Gift Card",
        category: "gifts",
        vendor: "Cartwright",
        tags: &["gift"],
        description: "<p>Sent by e-mail within minutes and valid for three years.</p>",
        price: 2500,
        options: &[("Value", &["25", "50", "100"])],
        surcharges: &[("50", 2500), ("100", 7500)],
        grams: 0,
        policy: Policy::Untracked,
        stock: 0,
        icon: Icon::Gift,
        colours: ("#f9a8d4", "#9d174d"),
        ..PLAIN
    },
];
