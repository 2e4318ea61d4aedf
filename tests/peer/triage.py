#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Letters with a known truth, and the service descriptions (XZuFi) they belong to.

    triage.py HALF DIR     HALF is fit or test; writes DIR/docs/*.xml and DIR/letters.jsonl

The two halves share neither services nor topics nor fillers: what was fitted on one is measured on
the other.  Everything is made up here from the lists below, by a fixed seed; no letter is real."""
import json, pathlib, random, sys
from datetime import date, timedelta

# title, office, what it is, documents, how people write about it, in English
FIT = [
 ("Hund anmelden", "Steueramt", "Wer einen Hund hält, meldet ihn zur Hundesteuer an. Für den Hund wird eine Steuermarke ausgegeben.", "Impfpass, Chipnummer", ["wir haben einen Welpen aus dem Tierheim geholt", "muss ich für meinen Dackel etwas zahlen und eine Marke holen", "mein Hund ist bei der Stadt noch nicht gemeldet"], "we got a puppy and need a tag for our dog"),
 ("Personalausweis beantragen", "Bürgerbüro", "Deutsche ab 16 Jahren müssen einen Personalausweis oder Reisepass besitzen. Der Ausweis wird persönlich beantragt.", "biometrisches Lichtbild, alter Ausweis, Geburtsurkunde", ["mein Perso ist abgelaufen", "ich habe meinen Ausweis verloren und brauche einen neuen", "welches Foto muss ich für den neuen Ausweis mitbringen"], "my identity card has expired"),
 ("Wohnsitz ummelden", "Einwohnermeldeamt", "Wer umzieht, meldet sich innerhalb von zwei Wochen bei der Meldebehörde um.", "Wohnungsgeberbestätigung, Ausweis", ["ich bin letzten Monat in die Gartenstraße gezogen", "nach dem Umzug muss ich meine neue Adresse angeben", "was muss der Vermieter mir für die Meldebehörde ausfüllen"], "I moved to another street and want to register the address"),
 ("Bewohnerparkausweis ausstellen", "Straßenverkehrsamt", "Bewohner von Gebieten mit knappem Parkraum erhalten einen Bewohnerparkausweis für ihr Kraftfahrzeug.", "Fahrzeugschein, Meldebescheinigung", ["vor meiner Tür finde ich nie einen Parkplatz und hätte gern eine Plakette für Bewohner", "mein Parkausweis für das Viertel gilt nur noch kurz", "mein Firmenwagen soll in der Bewohnerzone stehen dürfen"], "I need a resident parking permit"),
 ("Wohngeld beantragen", "Wohngeldstelle", "Wohngeld ist ein Zuschuss zur Miete für Haushalte mit geringem Einkommen.", "Mietvertrag, Verdienstbescheinigung, Kontoauszüge", ["die Miete frisst die Hälfte meiner Rente auf, gibt es einen Zuschuss", "ich möchte einen Mietzuschuss für meine Familie", "mein Einkommen reicht für die Miete nicht mehr"], "is there help with the rent for people with low income"),
 ("Kita-Platz anmelden", "Jugendamt", "Eltern melden den Bedarf an einem Betreuungsplatz in einer Kindertagesstätte an.", "Geburtsurkunde des Kindes, Arbeitsbescheinigung", ["unsere Tochter wird drei und braucht einen Betreuungsplatz", "ab wann kann mein Sohn in den Kindergarten", "wir suchen eine Kita in der Nähe"], "we are looking for a kindergarten place"),
 ("Sperrmüll abholen lassen", "Abfallwirtschaftsbetrieb", "Sperrige Gegenstände aus Haushalten werden auf Anmeldung abgeholt.", "Liste der Gegenstände", ["mein altes Sofa und ein Schrank müssen weg", "wann holen Sie alte Möbel ab", "ich möchte eine Matratze entsorgen, die zu sperrig für die Tonne ist"], "I want to get rid of an old sofa and a mattress"),
 ("Gewerbe anmelden", "Gewerbeamt", "Der Beginn eines stehenden Gewerbes ist anzuzeigen. Über die Anzeige wird ein Gewerbeschein erteilt.", "Ausweis, Handwerkskarte", ["ich mache mich mit einem Imbiss selbstständig", "brauche ich einen Gewerbeschein, wenn ich Schmuck verkaufe", "ab Januar will ich eine Firma betreiben"], "I am starting a business and want to register it"),
 ("Geburtsurkunde ausstellen", "Standesamt", "Auf Antrag stellt das Standesamt, in dessen Bezirk die Geburt beurkundet wurde, eine Geburtsurkunde aus.", "Ausweis, Vollmacht", ["ich brauche für die Rente einen Nachweis meiner Geburt", "unser Baby ist da, wie kommen wir an die Urkunde", "bitte schicken Sie mir eine beglaubigte Abschrift aus dem Geburtenregister"], "I need a birth certificate for my son"),
 ("Führerschein umtauschen", "Fahrerlaubnisbehörde", "Alte Führerscheine aus Papier werden in einen EU-Kartenführerschein umgetauscht.", "Lichtbild, alter Führerschein", ["mein grauer Lappen von 1981 soll bald ungültig sein", "wie komme ich an die Karte statt des alten Führerscheins", "bis wann muss ich den Führerschein tauschen"], "I want to exchange my driving licence for the new card"),
 ("Baum fällen", "Grünflächenamt", "Das Fällen geschützter Bäume ist nach der Baumschutzsatzung zu genehmigen.", "Lageplan, Fotos", ["die Birke in meinem Garten ist krank und soll weg", "darf ich die alte Eiche neben dem Haus selbst absägen", "der Baum des Nachbarn droht auf unser Dach zu stürzen"], "may I cut down the tree in my garden"),
 ("Schwerbehindertenausweis beantragen", "Versorgungsamt", "Bei einem Grad der Behinderung von mindestens 50 wird ein Schwerbehindertenausweis ausgestellt.", "ärztliche Befunde, Lichtbild", ["nach dem Schlaganfall bin ich stark eingeschränkt, wie wird der Grad der Behinderung festgestellt", "ich möchte einen Ausweis für meine behinderte Tochter", "mein Schwerbehindertenausweis ist bald ungültig"], "how do I apply for a card for disabled persons"),
]
TEST = [
 ("Reisepass beantragen", "Passstelle", "Der Reisepass wird persönlich beantragt und ist zehn Jahre gültig. Ein Expresspass ist möglich.", "biometrisches Lichtbild, Geburtsurkunde", ["wir fliegen nach Ägypten und mein Pass ist abgelaufen", "wie schnell bekomme ich einen Express-Reisepass", "für die Dienstreise brauche ich einen zweiten Pass"], "I need a new passport for a journey"),
 ("Kraftfahrzeug zulassen", "Zulassungsstelle", "Kraftfahrzeuge müssen zugelassen werden und ein Kennzeichen führen.", "Zulassungsbescheinigung Teil II, Versicherungsbestätigung", ["ich habe ein gebrauchtes Auto gekauft", "kann ich mein altes Kennzeichen behalten, wenn ich den Wagen wechsle", "das Motorrad soll auf meinen Namen laufen"], "I bought a used car and need number plates"),
 ("Ehe anmelden", "Standesamt", "Wer die Ehe schließen will, meldet die Eheschließung beim Standesamt an.", "Geburtsurkunden, Ausweise, Scheidungsurteil", ["wir wollen im Mai heiraten", "welche Papiere braucht meine Verlobte aus Brasilien für die Hochzeit", "ist im Trauzimmer am Samstag noch etwas frei"], "we want to get married in the town hall"),
 ("Elterngeld beantragen", "Elterngeldstelle", "Elterngeld erhalten Eltern, die nach der Geburt ihr Kind selbst betreuen und nicht voll arbeiten.", "Geburtsurkunde, Einkommensnachweise", ["nach der Geburt bleibe ich ein Jahr zu Hause", "wie viel Elterngeld steht uns mit Zwillingen zu", "mein Mann nimmt zwei Monate Auszeit für das Baby, gibt es dafür Geld"], "how much parental allowance will we get"),
 ("Fundsache abholen", "Fundbüro", "Gefundene Gegenstände werden im Fundbüro aufbewahrt und dem Eigentümer ausgehändigt.", "Ausweis, Beschreibung der Sache", ["ich habe gestern im Bus meinen Rucksack liegen lassen", "wurde ein Schlüsselbund bei Ihnen abgegeben", "ich habe ein Handy gefunden und möchte es abgeben"], "I lost my rucksack on the bus"),
 ("Grundsteuer ändern", "Kämmerei", "Die Grundsteuer wird durch Bescheid festgesetzt und kann bei einem Eigentümerwechsel geändert werden.", "Kaufvertrag, Grundsteuerbescheid", ["der Bescheid über die Grundsteuer kommt noch an den Vorbesitzer", "warum zahle ich für das Grundstück doppelt so viel wie im Vorjahr", "wir haben das Haus verkauft und wollen die Abbuchung beenden"], "the property tax notice still goes to the former owner"),
 ("Bibliotheksausweis ausstellen", "Stadtbibliothek", "Mit dem Bibliotheksausweis werden Bücher und andere Medien ausgeliehen.", "Ausweis", ["meine Tochter liest gern und möchte Bücher ausleihen", "was kostet es, wenn ich Medien zu spät zurückgebe", "mein Ausweis für die Bücherei ist weg"], "I would like to borrow books from the library"),
 ("Unterhaltsvorschuss beantragen", "Unterhaltsvorschusskasse", "Alleinerziehende erhalten Unterhaltsvorschuss, wenn der andere Elternteil keinen Unterhalt zahlt.", "Geburtsurkunde, Nachweise über Unterhalt", ["der Vater meiner Kinder zahlt seit Monaten keinen Unterhalt", "ich bin alleinerziehend und bekomme nichts vom anderen Elternteil", "wie lange wird der Vorschuss für mein Kind gezahlt"], "the father of my children does not pay maintenance"),
 ("Sondernutzung genehmigen", "Ordnungsamt", "Wer öffentliche Straßen über den Gemeingebrauch hinaus nutzt, braucht eine Erlaubnis zur Sondernutzung.", "Lageplan, Skizze der Aufstellung", ["vor meinem Café sollen Tische auf dem Gehweg stehen", "für den Umzugswagen brauche ich eine Halteverbotszone auf der Straße", "darf ein Container für Bauschutt auf der Straße stehen"], "may I put tables on the pavement in front of my café"),
 ("Fischereischein ausstellen", "Untere Fischereibehörde", "Wer angeln will, braucht einen Fischereischein. Voraussetzung ist die Fischerprüfung.", "Prüfungszeugnis, Lichtbild", ["mein Enkel und ich wollen am See angeln", "ist die Prüfung aus Hessen für den Angelschein gültig", "wo verlängere ich den Fischereischein"], "I want to go fishing and need a licence"),
 ("Schülerbeförderung beantragen", "Schulverwaltungsamt", "Für Schülerinnen und Schüler mit weitem Schulweg werden die Kosten der Beförderung übernommen.", "Schulbescheinigung, Fahrplan", ["die Schule meines Sohnes ist sechs Kilometer entfernt, wer zahlt die Busfahrkarte", "der Schulweg ist für ein Grundschulkind zu weit", "wir brauchen ein Schülerticket für das neue Schuljahr"], "who pays the bus ticket to school"),
 ("Grab erwerben", "Friedhofsverwaltung", "Das Nutzungsrecht an einer Grabstätte wird für zwanzig Jahre verliehen und kann verlängert werden.", "Sterbeurkunde", ["meine Mutter ist gestorben und soll neben meinem Vater liegen", "das Nutzungsrecht am Familiengrab läuft aus", "was kostet eine Urnenstelle auf dem Friedhof"], "my mother died and we need a grave"),
]
NEG = {"fit": ["ich möchte mich über den Busfahrer der Linie 4 beschweren", "Sie haben einen Preis gewonnen, klicken Sie hier", "wie wird das Wetter am Wochenende", "meine Waschmaschine ist kaputt, wer repariert die", "anbei unser Angebot für Druckerpatronen zu günstigen Preisen", "danke für die nette Beratung neulich", "wann spielt der Sportverein wieder", "können Sie mir bei den Mathe-Hausaufgaben helfen"],
       "test": ["der Handyvertrag meines Bruders ist zu teuer, was soll er tun", "wir sind ein junges Team und bieten Suchmaschinenoptimierung an", "wer hat gestern das Fußballspiel gewonnen", "das Internet bei uns zu Hause ist so langsam", "mein Zahnarzt hat mir eine zu hohe Rechnung geschickt", "ich suche ein Rezept für Apfelkuchen", "alles Gute zum Jubiläum der Stadt", "Ihr Paket konnte nicht zugestellt werden, zahlen Sie hier den Zoll"]}
FILL = {"fit": ["Ich war gestern schon einmal da, aber es war niemand zu sprechen.", "Am Telefon hieß es, ich solle lieber schreiben.", "Meine Frau meint, das sei ganz einfach.", "Leider habe ich auf Ihrer Seite nichts dazu gefunden.", "Ich arbeite im Schichtdienst und kann vormittags schlecht."],
        "test": ["Der Kollege am Empfang wusste leider auch nicht weiter.", "Im Netz steht dazu etwas anderes als auf dem Aushang.", "Ich bin schon älter und mit dem Computer nicht so vertraut.", "Mein Nachbar hat mir geraten, Ihnen zu schreiben.", "Bitte rufen Sie mich nicht an, ich höre schlecht."]}
HI = ["Sehr geehrte Damen und Herren,", "Guten Tag,", "Hallo,", ""]
BYE = ["Mit freundlichen Grüßen", "Viele Grüße", "MfG", ""]
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()


def xml(title, office, what, docs):
    def module(code, name, text):
        return (f"<xzufi:modulText><xzufi:leikaTextmodul><code>{code}</code><name>{name}</name></xzufi:leikaTextmodul>"
                f'<xzufi:inhalt languageCode="de">{text}</xzufi:inhalt></xzufi:modulText>')
    return ('<?xml version="1.0"?><xzufi:n xmlns:xzufi="x"><xzufi:leistung>' + module("02", "", title) +
            module("05", "Volltext", what) + module("09", "Erforderliche Unterlagen", docs) +
            module("18", "Zuständige Stelle", office) + "</xzufi:leistung></xzufi:n>\n")


def workday(d):
    while d.weekday() > 4:
        d += timedelta(1)
    return d


def days(r, today):
    """A sentence with a time limit, and the day it means; no holiday falls into the weeks used."""
    n = r.randrange(7)
    if n == 0:
        d = today + timedelta(r.randrange(12, 20))
        return f"Ich brauche das bis zum {d.day}. {MONTHS[d.month - 1]}.", d
    if n == 1:
        d = today + timedelta(r.randrange(12, 20))
        return f"Spätestens am {d.day:02}.{d.month:02}.{d.year} muss es da sein.", d
    if n == 2:
        return "Man sagte mir, ich hätte dafür eine Frist von zwei Wochen.", workday(today + timedelta(14))
    if n == 3:
        return "Können Sie mir bis morgen Bescheid geben?", today + timedelta(1)
    if n == 4:
        f = today - timedelta(r.randrange(2, 6))
        return (f"Mit Schreiben vom {f.day}.{f.month}.{f.year} wurde ich aufgefordert, binnen drei Wochen zu antworten.",
                workday(f + timedelta(21)))
    return "", None


def urgency(r, today, due):
    soon = r.random()
    left = (due - today).days if due else 99
    level = "high" if left <= 3 else "soon" if left <= 10 else "normal"
    if soon < .1:
        return "Sonst werden wir obdachlos.", "high"
    if soon < .25:
        return "Bitte antworten Sie dringend.", level if level == "high" else "soon"
    return "", level


def main():
    half, out = sys.argv[1], pathlib.Path(sys.argv[2])
    r = random.Random(115 if half == "fit" else 2026)
    services = FIT if half == "fit" else TEST
    (out / "docs").mkdir(parents=True, exist_ok=True)
    for i, s in enumerate(services):
        (out / "docs" / f"{half}{i:02}.xml").write_text(xml(*s[:4]))
    count = [0]
    with open(out / "letters.jsonl", "w") as f:
        def letter(topic, service, office, language):
            today = date(2026, 11, 2) + timedelta(r.randrange(12))
            limit, due = days(r, today) if language == "de" else ("", None)
            press, level = urgency(r, today, due) if language == "de" else ("", "normal")
            body = [topic[0].upper() + topic[1:] + r.choice(".?")]
            if language == "de":
                body += r.sample(FILL[half], r.randrange(3)) + [limit, press]
                r.shuffle(body)
            text = "\n".join([r.choice(HI) if language == "de" else "Hello,", "", " ".join(b for b in body if b), "",
                              r.choice(BYE) if language == "de" else "Kind regards", "A. Beispiel", ""])
            count[0] += 1
            f.write(json.dumps({"id": f"l{count[0]}", "text": text, "received": str(today), "service": service, "office": office,
                                "urgency": level, "language": language, "days": [str(due)] if due else []},
                               ensure_ascii=False) + "\n")
        for s in services:
            for topic in s[4]:
                for _ in range(3):
                    letter(topic, s[0], s[1], "de")
            letter(s[5], s[0], s[1], "en")
        for topic in NEG[half]:
            for _ in range(4):
                letter(topic, "", "", "de")


main()
