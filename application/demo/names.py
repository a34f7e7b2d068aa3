"""Invented names, streets, pets and habits. Telephone numbers are from the ranges that are kept free for stories
(555-0100 to 555-0199), mail addresses end in example.com or example.net: nobody is reached by accident."""

from models import Species

FIRST_NAMES = (
    "Ada", "Adam", "Aisha", "Alan", "Alba", "Amara", "Amy", "Andre", "Anita", "Anna", "Arthur", "Asha", "Audrey",
    "Beatriz", "Ben", "Bianca", "Bram", "Bridget", "Caleb", "Carmen", "Cedric", "Celia", "Chloe", "Clara", "Colin",
    "Cora", "Dana", "Daniel", "Daria", "David", "Delia", "Dev", "Diego", "Dora", "Edith", "Eli", "Elena", "Ellis",
    "Emeka", "Emil", "Emma", "Erin", "Esther", "Ethan", "Eva", "Farah", "Felix", "Fiona", "Frank", "Gemma", "George",
    "Grace", "Greta", "Hal", "Hana", "Harriet", "Hector", "Helen", "Henry", "Hugo", "Ida", "Ines", "Ingrid", "Isaac",
    "Ivan", "Iris", "Jack", "Jade", "Jamal", "Jane", "Jarek", "Jill", "Joan", "Joel", "Jonas", "Judith", "Julian",
    "Kai", "Karen", "Karim", "Kate", "Keiko", "Kiran", "Lars", "Laura", "Leila", "Lena", "Lewis", "Linda", "Lucia",
    "Luke", "Mabel", "Maeve", "Malik", "Marco", "Maria", "Marta", "Mateo", "Maya", "Mei", "Mila", "Miles", "Mina",
    "Mona", "Nadia", "Naomi", "Nate", "Nell", "Nico", "Nina", "Noah", "Nora", "Omar", "Oscar", "Otto", "Paolo", "Paula",
    "Pearl", "Petra", "Philip", "Priya", "Quinn", "Rafael", "Rhea", "Rita", "Robin", "Rosa", "Ruben", "Ruth", "Sana",
    "Sasha", "Selma", "Silas", "Simone", "Sofia", "Stella", "Tara", "Tariq", "Tess", "Theo", "Tilda", "Tobias", "Uma",
    "Vera", "Victor", "Viola", "Walter", "Wendy", "Yara", "Yusuf", "Zadie", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Abara", "Acker", "Alder", "Amsel", "Ashgrove", "Atwell", "Bancroft", "Barlow", "Baxley", "Bellweather", "Bergen",
    "Birchall", "Blackwood", "Bloom", "Boateng", "Bramble", "Briggs", "Brightwell", "Brook", "Calder", "Carrow", "Castell",
    "Chandra", "Chowdhury", "Clarkson", "Coldwell", "Corrigan", "Cotter", "Crane", "Crowe", "Dalgaard", "Danso", "Darrow",
    "Delacroix", "Denholm", "Dimitrov", "Donnelly", "Drummond", "Eastman", "Eaton", "Eklund", "Ellery", "Everly", "Fairbank",
    "Farrow", "Fenwick", "Ferreira", "Finch", "Forde", "Galloway", "Garland", "Gilroy", "Goldstein", "Granger", "Greenlee",
    "Gupta", "Hadley", "Hale", "Halvorsen", "Harlow", "Hathaway", "Haverford", "Hedges", "Hendry", "Hollis", "Holm",
    "Huxtable", "Ibarra", "Ingram", "Ishikawa", "Jansen", "Jardine", "Jellicoe", "Kaplan", "Kavanagh", "Kendrick", "Kimura",
    "Kingsley", "Kovac", "Lachlan", "Lambert", "Larkin", "Leclair", "Lindqvist", "Lockhart", "Lowell", "Maddox", "Malone",
    "Marchetti", "Marlow", "Mbeki", "Mehta", "Mercer", "Merritt", "Midgley", "Moreau", "Morrow", "Nakata", "Nash", "Newcombe",
    "Nightingale", "Norling", "Oakes", "Obi", "Oduya", "Orchard", "Osgood", "Pacheco", "Paget", "Parrish", "Pemberton",
    "Penrose", "Petrov", "Pike", "Pryce", "Quayle", "Quimby", "Radford", "Rahman", "Ramsey", "Redfern", "Reinholt", "Ridley",
    "Rowan", "Rushmore", "Sackville", "Salazar", "Sandoval", "Savage", "Sawyer", "Seaton", "Selby", "Shaw", "Silverman",
    "Sinclair", "Solberg", "Soto", "Stark", "Stoddard", "Sundaram", "Swann", "Tanaka", "Tate", "Thackeray", "Thorne",
    "Tolliver", "Tran", "Underhill", "Vance", "Varga", "Vasquez", "Villanova", "Voss", "Wakefield", "Waverly", "Weaver",
    "Weller", "Whitlock", "Wilder", "Winslow", "Woodley", "Wren", "Yamada", "Yardley", "Zeller", "Zielinski",
)  # fmt: skip

SITTER_NAMES = (
    ("Amara", "Stone"), ("Ben", "Calloway"), ("Carmen", "Diaz"), ("Dev", "Malhotra"), ("Ellen", "Frost"),
    ("Farid", "Nazari"), ("Gwen", "Parker"), ("Hugo", "Lindholm"), ("Imani", "Cole"), ("Jonah", "West"),
    ("Kit", "Marsh"), ("Lucia", "Romano"), ("Mina", "Park"), ("Noel", "Hayes"), ("Opal", "Jennings"), ("Piotr", "Zawada"),
)  # fmt: skip

STREETS = (
    "Alder Street", "Apple Tree Lane", "Ash Court", "Beacon Hill Road", "Birch Avenue", "Bluebell Way", "Bridge Street",
    "Brookside Drive", "Canal Street", "Cedar Avenue", "Chapel Road", "Cherry Lane", "Chestnut Street", "Church Street",
    "Clover Court", "Cobbler's Row", "Cottage Street", "Dogwood Drive", "Elm Street", "Fairview Avenue", "Fern Hill Road",
    "Forest Avenue", "Garden Terrace", "Grove Street", "Hawthorn Road", "Hazel Court", "Heron Way", "Hickory Lane",
    "High Street", "Hillcrest Road", "Holly Drive", "Ivy Close", "Juniper Street", "Kestrel Lane", "Lake View Drive",
    "Larch Road", "Laurel Street", "Lilac Avenue", "Linden Street", "Locust Street", "Magnolia Drive", "Market Street",
    "Meadow Lane", "Mill Pond Road", "Mulberry Street", "North Common", "Oak Ridge Road", "Old Mill Road", "Orchard Street",
    "Park Place", "Pine Street", "Pleasant Street", "Poplar Avenue", "Quarry Road", "Rosemary Lane", "School Street",
    "Spruce Court", "Station Road", "Sycamore Street", "Walnut Street", "Water Street", "Willow Bend", "Windmill Hill",
)  # fmt: skip

#: towns that are on no map, with their postcodes
TOWNS = (
    ("Brookmere", "01091"), ("Brookmere", "01092"), ("Alder Creek", "01093"), ("Linden Bay", "01094"),
    ("Harrow Mills", "01095"), ("Stonefield", "01098"),
)  # fmt: skip

AREA_CODES = (
    "617", "508", "781", "978", "857", "774", "351", "339", "203", "860", "475", "401", "603", "802", "207", "212",
    "646", "718", "347", "914", "516", "631", "845", "518", "315", "585", "607", "716", "201", "551", "732", "848", "856",
)  # fmt: skip

PET_NAMES: dict[Species, tuple[str, ...]] = {
    Species.DOG: (
        "Acorn", "Ajax", "Archie", "Bailey", "Bear", "Bella", "Benji", "Bingo", "Boomer", "Bowie", "Buddy", "Clover",
        "Cocoa", "Cooper", "Daisy", "Dexter", "Dottie", "Duke", "Ember", "Finn", "Freya", "Gus", "Hazel", "Honey", "Hopper",
        "Juno", "Koda", "Lady", "Louie", "Lucky", "Lulu", "Luna", "Maggie", "Maple", "Milo", "Moose", "Murphy", "Nala",
        "Nell", "Oakley", "Ollie", "Otis", "Pancake", "Penny", "Pip", "Poppy", "Ranger", "Remy", "Riley", "Rocket", "Rosie",
        "Roxy", "Scout", "Shadow", "Socks", "Stella", "Sunny", "Teddy", "Toby", "Trixie", "Tucker", "Waffles", "Willow",
        "Winnie", "Zeus", "Ziggy",
    ),
    Species.CAT: (
        "Ash", "Basil", "Bean", "Binx", "Boots", "Butters", "Cleo", "Cricket", "Domino", "Earl Grey", "Felix", "Fig",
        "Ginger", "Gizmo", "Inky", "Jasper", "Kiki", "Leo", "Lentil", "Loki", "Marble", "Mango", "Marmalade", "Midnight",
        "Miso", "Misty", "Mittens", "Muffin", "Nimbus", "Noodle", "Olive", "Oreo", "Paprika", "Patches", "Peach", "Pixel",
        "Plum", "Pumpkin", "Saffron", "Salem", "Sesame", "Shadow", "Simba", "Smokey", "Snowball", "Sooty", "Sushi", "Tabitha",
        "Tiger", "Tofu", "Velvet", "Whiskers", "Yuki", "Ziti",
    ),
    Species.RABBIT: ("Bun", "Clementine", "Hopscotch", "Nibbles", "Parsnip", "Thumper", "Velour", "Thistle"),
    Species.BIRD: ("Captain", "Chirp", "Kiwi", "Mozart", "Peaches", "Pistachio", "Rio", "Skye"),
    Species.FISH: ("Bubbles", "Finley", "Goldie", "Ripple", "The Neon Five"),
    Species.REPTILE: ("Draco", "Ember", "Iggy", "Monty", "Rex", "Sheldon", "Speedy"),
    Species.OTHER: ("Biscotti", "Chinchilla Sue", "Hamlet", "Nugget", "Peanut", "Quill", "Squeak"),
}  # fmt: skip

BREEDS: dict[Species, tuple[str, ...]] = {
    Species.DOG: (
        "Labrador Retriever", "Golden Retriever", "Beagle", "French Bulldog", "Border Collie", "Mixed breed", "Mixed breed",
        "Mixed breed", "Dachshund", "Cavapoo", "Labradoodle", "Boxer", "Greyhound", "Whippet", "Pug", "Shih Tzu", "Corgi",
        "German Shepherd", "Cocker Spaniel", "Jack Russell Terrier", "Australian Shepherd", "Miniature Schnauzer",
    ),
    Species.CAT: (
        "Domestic Shorthair", "Domestic Shorthair", "Domestic Shorthair", "Domestic Longhair", "Tabby", "Tuxedo", "Siamese",
        "Maine Coon", "Ragdoll", "British Shorthair", "Bengal", "Russian Blue",
    ),
    Species.RABBIT: ("Holland Lop", "Mini Rex", "Lionhead"),
    Species.BIRD: ("Cockatiel", "Budgerigar", "Green-cheeked Conure", "Canary"),
    Species.FISH: ("Goldfish", "Betta", "Community tank"),
    Species.REPTILE: ("Bearded Dragon", "Leopard Gecko", "Corn Snake", "Box Turtle"),
    Species.OTHER: ("Guinea pig", "Hamster", "Chinchilla", "Hedgehog", "Ferret"),
}  # fmt: skip

FEEDING: dict[Species, tuple[str, ...]] = {
    Species.DOG: (
        "One cup of dry food at 7:30 and 17:30. The bin is in the pantry, scoop inside.",
        "Half a can and half a cup of kibble, mixed with warm water. Wait ten minutes before going out.",
        "Slow-feeder bowl on the counter. Fill to the line, fresh water every visit.",
        "No breakfast before the walk, treats from the jar by the door are fine.",
        "Raw food, one portion from the fridge. Wash the bowl and your hands afterwards.",
        "Fed by us. Only fresh water, please.",
    ),
    Species.CAT: (
        "One pouch in the morning, one in the evening. Dry food is always out.",
        "A quarter cup of dry food twice a day, on the windowsill so the dog cannot reach it.",
        "Half a can each, in separate rooms. Pick up what is left after twenty minutes.",
        "Automatic feeder; check that it has dropped its portion.",
        "Kidney diet only, top shelf. Nothing else, however sweetly asked.",
    ),
    Species.RABBIT: ("Fresh hay to fill the rack, a handful of greens, an eggcup of pellets.",),
    Species.BIRD: ("Seed mix to the line, a slice of apple, fresh water. Cover the cage at dusk.",),
    Species.FISH: ("One pinch, no more. The little spoon is beside the tank.",),
    Species.REPTILE: ("Greens every day, crickets on Mondays and Thursdays. The heat lamp stays on until eight.",),
    Species.OTHER: ("A tablespoon of pellets, a piece of vegetable, fresh water.",),
}  # fmt: skip

MEDICATION = (
    "Thyroid tablet, one at each meal, hidden in cheese.",
    "Insulin, 2 units at 8:00 and 20:00, only after eating. The kit is in the fridge door.",
    "Arthritis chew with the evening meal.",
    "Eye drops, left eye, twice a day. Two people make it easier.",
    "Heart tablet at 7:00, sharp. Tick it on the list on the fridge.",
    "Allergy tablet from April to October.",
    "Ear cleaner on Sundays.",
)

WARNINGS = (
    "Slips out of open doors: check before you turn the handle.",
    "Insulin at 8:00 and 20:00, never without food.",
    "Do not approach while eating.",
    "Pulls hard when squirrels appear: use both clips of the harness.",
    "Afraid of men with hats. Sit down and let her come.",
    "Allergic to chicken.",
    "Hides under the bed; please see with your own eyes that she is there.",
    "Not good with other dogs: cross the street.",
    "Scratches when the belly is touched.",
    "Blind: speak before you touch.",
)

PET_NOTES = (
    "Loves the long way round the pond.",
    "Knows sit, wait and leave it. Pretends not to know come.",
    "The tennis ball stays at home.",
    "Will bring you the leash.",
    "Sleeps on the blue chair after the visit.",
    "Purrs like a small engine.",
    "Toys are in the basket in the hall; put two away and take two others out.",
    "Brush for five minutes if there is time.",
    "Wipe the paws, please; the carpet is new.",
    "",
    "",
    "",
)

CLIENT_NOTES = (
    "Prefers text messages.",
    "Pays by check, always on the first.",
    "Key number 14, tag is green.",
    "Lock sticks: pull the door while turning.",
    "Alarm: see the card in the key box. Thirty seconds.",
    "Neighbor in number 9 has a spare key.",
    "Park on the left, the right side belongs to the upstairs tenant.",
    "Travels for work every second week.",
    "Referred by a friend; send a thank-you card.",
    "",
    "",
    "",
    "",
)

VETS = (
    ("Brookmere Animal Hospital", "12 Station Road, Brookmere 01091", "Open on Saturdays until noon."),
    ("Alder Creek Veterinary Clinic", "40 Mill Pond Road, Alder Creek 01093", ""),
    ("Paws and Claws Vets", "7 Market Street, Brookmere 01092", ""),
    ("Linden Bay Pet Clinic", "118 Lake View Drive, Linden Bay 01094", "Call ahead for birds and reptiles."),
    ("Stonefield 24-hour Animal Emergency", "2 Quarry Road, Stonefield 01098", "Night and day, also on holidays."),
    ("Harrow Mills Small Animal Practice", "63 Canal Street, Harrow Mills 01095", ""),
    ("The Cat Doctor", "5 Rosemary Lane, Brookmere 01091", "Cats only; a quiet waiting room."),
    ("Windmill Hill Veterinary Group", "200 Windmill Hill, Stonefield 01098", ""),
    ("Feather and Scale Exotics", "31 Heron Way, Linden Bay 01094", "Birds, reptiles, rabbits, rodents."),
    ("Orchard Street Vets", "77 Orchard Street, Alder Creek 01093", ""),
    ("Companion Animal Care", "9 Chapel Road, Harrow Mills 01095", ""),
    ("Meadow Lane Mobile Vet", "Comes to the house", "Only by appointment."),
)

CANCEL_REASONS = (
    "Plans changed, we are staying home.",
    "Trip was cut short.",
    "Grandma is visiting and wants to walk the dog herself.",
    "Working from home that day.",
    "At the vet's that day.",
    "Snow day.",
    "",
)

VISIT_NOTES = (
    "Please send a picture.",
    "The back gate is open.",
    "There is a new bag of food in the pantry.",
    "We leave at noon, so any time after that.",
    "Please water the plants in the hall.",
    "Bins go out on Wednesday evening, thank you.",
    "",
    "",
    "",
    "",
    "",
    "",
)

RELATIONS = (
    "Partner",
    "Partner",
    "Neighbor",
    "Sister",
    "Brother",
    "Mother",
    "Father",
    "Daughter",
    "Friend",
    "Landlord",
)
