"""Names, places and goods that seeded shops are made of. No logic."""

from __future__ import annotations

# ruff: noqa: SIM905  # one word after the other reads better than a list of quoted ones

FIRST_NAMES = (
    "Olivia Liam Emma Noah Charlotte Oliver Amelia Elijah Sophia Mateo Isabella Lucas Mia Levi Evelyn Ezra Luna Asher "
    "Camila James Sofia Leo Harper Luca Mila Henry Aria Hudson Ella Ethan Gianna Muhammad Avery Jack Nora Samuel Chloé "
    "Daniel Zoë David Hannah Joseph Lily Owen Aaliyah Wyatt Grace Julian Amina Gabriel Ingrid Anders Freja Søren Yuki "
    "Haruto Sakura Ren Mei Wei Priya Arjun Ananya Rohan Fatima Omar Leila Yusuf Aoife Cian Saoirse Siobhán Björn "
    "Astrid Élodie Thierry Margaux Benoît Giulia Matteo Chiara Lorenzo Beatriz João Inês Tiago Katarzyna Piotr "
    "Zuzanna Jakub"
).split()
LAST_NAMES = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson "
    "Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Clark Lewis Robinson Walker "
    "Young Allen King "
    "Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts "
    "Tremblay Gagnon Roy Côté Bouchard Gauthier Morin Lavoie Fortin Gagné Müller Schmidt Schneider Fischer Weber Meyer "
    "Dubois Lefebvre Moreau Laurent Rossi Russo Ferrari Silva Santos Kowalski Nowak Tanaka Suzuki Sato Takahashi Chen "
    "Wang Li Zhang Patel Sharma Singh Khan O’Brien Murphy Kelly Byrne Hansen Johansen Larsen Nielsen de\u00a0Vries "
    "Jansen"
).split(" ")
STREETS = (
    "Maple Ave|King St W|Queen St E|Elm Street|Oak Lane|Birch Road|Cedar Crescent|Pine Court|Lakeshore Blvd|River Road|"
    "Church Street|Station Road|High Street|Victoria Avenue|Park Drive|Hillcrest Rd|Sunset Blvd|2nd Avenue|5th Street|"
    "Mill Lane|Orchard Way|Garden Terrace|Harbour View|Market Square|Bay Street"
).split("|")
COMPANIES = (
    "Northwind Trading|Blue Heron Studio|Lakeside Interiors|Fable & Co.|Granite Works Ltd|Juniper Café|"
    "Atlas Outfitters|Meridian Supply|Paper Lantern Books|Tideline Surf Club"
).split("|")

# country, province code, city, postal code pattern (# a digit, @ a letter), phone pattern; more often earlier
PLACES = (
    ("CA", "ON", "Toronto", "M#@ #@#", "+1416555####"),
    ("CA", "QC", "Montreal", "H#@ #@#", "+1514555####"),
    ("CA", "BC", "Vancouver", "V#@ #@#", "+1604555####"),
    ("CA", "ON", "Ottawa", "K#@ #@#", "+1613555####"),
    ("CA", "AB", "Calgary", "T#@ #@#", "+1403555####"),
    ("CA", "NS", "Halifax", "B#@ #@#", "+1902555####"),
    ("US", "NY", "New York", "100##", "+1212555####"),
    ("US", "CA", "Los Angeles", "900##", "+1213555####"),
    ("US", "WA", "Seattle", "981##", "+1206555####"),
    ("US", "TX", "Austin", "787##", "+1512555####"),
    ("US", "IL", "Chicago", "606##", "+1312555####"),
    ("US", "MA", "Boston", "021##", "+1617555####"),
    ("US", "CO", "Denver", "802##", "+1303555####"),
    ("GB", None, "London", "SW# #@@", "+442079460###"),
    ("GB", None, "Manchester", "M# #@@", "+441614960###"),
    ("DE", None, "Berlin", "10###", "+493023125###"),
    ("DE", None, "München", "80###", "+498999998###"),
    ("FR", None, "Paris", "750##", "+33199001###"),
    ("AU", "NSW", "Sydney", "20##", "+61255501###"),
    ("AU", "VIC", "Melbourne", "30##", "+61355501###"),
    ("NL", None, "Amsterdam", "10## @@", "+31207946###"),
    ("SE", None, "Stockholm", "11# ##", "+46840123###"),
    ("IE", "D", "Dublin", "D0# @#@#", "+35315550###"),
    ("JP", None, "Tokyo", "100-00##", "+81355501###"),
)
PLACE_WEIGHTS = (9, 6, 6, 4, 4, 2, 7, 6, 4, 4, 4, 3, 3, 5, 2, 4, 2, 4, 3, 2, 2, 2, 1, 1)
LOCALES = {"CA": "en-CA", "FR": "fr", "DE": "de", "NL": "nl", "SE": "sv", "JP": "ja"}
MAIL_HOSTS = ("example.com", "example.org", "example.net", "mail.example.com")
CUSTOMER_TAGS = ("VIP", "newsletter", "wholesale", "repeat", "in-store", "referral", "loyalty-gold", "loyalty-silver")
CUSTOMER_NOTES = (
    "Prefers e-mail over phone.",
    "Leave parcels with the concierge.",
    "Asked about wholesale prices.",
    "Returned twice; size advice given.",
    "Gift buyer, mostly in December.",
)

VENDORS = (
    "Northpeak|Harbour & Hide|Lumen Home|Saltwater Supply|Fern & Fable|Ironwood|Petite Ours|Kestrel Cycling|"
    "Terra Firma|Maison Bleue"
).split("|")
ADJECTIVES = (
    "Alpine Coastal Classic Everyday Heritage Merino Organic Recycled Rugged Soft Summit Vintage Weathered Woodland "
    "Urban Nordic Linen Featherlight Cedar Midnight"
).split()
COLORS = "Black White Navy Olive Sand Rust Charcoal Forest Cream Sky".split()

# product type, nouns, options (name, values or None for the colours), price from–to, grams
GOODS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, tuple[str, ...] | None], ...], tuple[int, int], int], ...] = (
    (
        "T-Shirt",
        ("Tee", "Pocket Tee", "Long Sleeve"),
        (("Color", None), ("Size", ("S", "M", "L", "XL"))),
        (18, 48),
        220,
    ),
    ("Outerwear", ("Jacket", "Parka", "Shell"), (("Color", None), ("Size", ("S", "M", "L"))), (120, 420), 900),
    ("Knitwear", ("Sweater", "Cardigan"), (("Color", None), ("Size", ("S", "M", "L", "XL"))), (70, 180), 480),
    (
        "Footwear",
        ("Boot", "Sneaker", "Sandal"),
        (("Size", ("37", "38", "39", "40", "41", "42", "43")),),
        (60, 240),
        1100,
    ),
    ("Bag", ("Backpack", "Tote", "Duffel"), (("Color", None),), (35, 210), 800),
    ("Drinkware", ("Mug", "Bottle", "Tumbler"), (("Color", None), ("Capacity", ("350 ml", "500 ml"))), (12, 45), 350),
    ("Candle", ("Candle",), (("Scent", ("Cedar", "Fig", "Sea Salt", "Amber")),), (16, 42), 300),
    ("Poster", ("Poster", "Print"), (("Size", ("A4", "A3", "A2")), ("Frame", ("Unframed", "Oak"))), (15, 95), 250),
    ("Notebook", ("Notebook", "Journal", "Planner"), (), (9, 32), 280),
    ("Gift Card", ("Gift Card",), (("Denominations", ("$25", "$50", "$100")),), (25, 100), 0),
    ("Coffee", ("Blend", "Single Origin"), (("Weight", ("250 g", "1 kg")),), (14, 46), 250),
    ("Bedding", ("Duvet Cover", "Sheet Set"), (("Color", None), ("Size", ("Twin", "Queen", "King"))), (80, 260), 1500),
)
PRODUCT_TAGS = ("sale", "new", "bestseller", "summer", "winter", "eco", "limited", "clearance", "gift", "staff pick")
COLLECTIONS = ("Home page", "New arrivals", "Best sellers", "Sale", "Gifts under $50")
