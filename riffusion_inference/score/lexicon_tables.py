# ruff: noqa: E501
"""Words for the composer beyond the captions' own: plain English, what lies nearest to the unknown, three languages.

A line is `field value + field value | phrase, phrase | ...`; where there are three lists they are German, Spanish, French.
"""

from __future__ import annotations

PLAIN = """
solo yes | solo, alone, unaccompanied, single, by itself, on its own, nothing else
solo no | band, ensemble, full band, full orchestra, accompanied, with accompaniment, trio, quartet, combo, duet, duo
drums yes | drum, drum kit, drumkit, percussive, kick, snare, hi hat, hihat, cymbals, beats, breakbeats, claps, drumming, backbeat, brushes, brushed drums
instrument piano | grand piano, piano keys
instrument electric piano | rhodes piano, wurlitzer piano
instrument violin + solo yes | solo violin
instrument cello + solo yes | solo cello
instrument viola + solo yes | solo viola
instrument flute + solo yes | solo flute
instrument accordion | musette
instrument acoustic guitar | guitar, guitars, acoustic
instrument strings | string, orchestral strings, string quartet
instrument saxophone | saxophones
instrument synth | synthesizers, analog synthesizer, keyboards
instrument double bass | stand up bass
genre classical piano | piano ballad, piano sonata, nocturne, prelude
genre orchestral | symphonic, philharmonic, classical
genre epic | trailer, blockbuster, hollywood, hybrid orchestral
genre hip hop | rap, rapping, boombap
genre chiptune | 8 bit, 8bit, 16 bit, arcade, video game, gameboy, nes
genre techno | rave, warehouse
genre house | club, dance, electronic dance music, electronic dance, dance music
genre house | tropical house
genre ambient | meditation music, soundscape, atmospheric, spa, yoga, sleep
genre corporate | business, presentation, explainer, commercial, advert, advertisement, promo
genre documentary | interview, reportage
genre comedy | cartoon, circus, quirky
genre horror | thriller, creepy
genre lo-fi | chill, chilled, lofi, study
genre jazz | jazzy, swinging, smoky
genre waltz + meter 3/4 | waltz, waltzing
energy high | build up, high energy, intense, pumping, banging, full of energy, adrenaline, explosive
energy low | low energy, laid back, chill, mellow, subdued, restrained, understated, background
mood happy | happiness, joy, fun, cheery
mood sad | rain, rainy, sadness, grief, melancholy, heartbroken, lonely
mood calm | calming, relaxed, soothing, meditative, zen, cosy evening
mood tense | tension, suspense, thrilling, nail biting
mood epic | grandiose, larger than life, monumental
mood mysterious | mystery, enigma, arcane
mood dreamy | dreamlike, dream, surreal, airy
mood romantic | romance, love
mood scary | fear, terror, horror
mood uplifting | inspirational, hope, feelgood
mood energetic | energy, dynamic, danceable, groovy, sport, sports, fitness, gym, action scene
mood hypnotic | pulsating, droning
mood tense | showdown, shoot out, crime
mood romantic | weddings, valentine
mood calm | soothes, silence
mood warm | cooking, cosy
mood nostalgic | nostalgia, retro, memories
mood dramatic | drama
mood dark | darkness, grim, bleak
pace slow | slower, slowly
pace fast | faster, fast paced, speedy, racing
pace very slow | very slowly
density sparse | sparsely, less is more, empty, bare
density busy | busier, layered, lush, wall of sound
articulation staccato | plucked, pizzicato style, short
articulation legato | long notes, gliding
dynamics loud | heavy
dynamics soft | light
mood happy | gleeful, jubilant, euphoric, giddy, blissful, jolly, perky, ecstatic, delighted
mood sad | somber, sombre, forlorn, dismal, desolate, lonesome, downcast, woeful, heartbreaking, tearjerking, mournfully
mood calm | placid, languid, restful, unhurried, still
mood energetic | fierce, vibrant, thunderous, frenetic, feisty, syncopated
mood dark | gothic, murky
mood tense | foreboding, menacing, ticking, edgy, urgency
mood dreamy | celestial, cosmic, weightless, hallucinatory
mood epic | regal, valiant, noble, legendary, glorious, climactic
mood romantic | sultry, seductive, amorous
mood mysterious | cryptic, occult, puzzling
mood playful | zany, wacky, cheeky, frisky
mood scary | ghostly, unsettling, macabre, terrifying
mood angry | raging, vengeful, ferocious, hateful
mood serious | pensive, contemplative, grave, stern
mood uplifting | stirring, encouraging, rousing
mood nostalgic | yearning, homesick
mood warm | snug, hearty, welcoming
mood funny | hilarious, ludicrous, laughable
mood confident | fearless, assertive, swagger
mood dramatic | gripping, operatic, emotions
section ending | with an ending, ending, final, outro
section intro | intro, opening
"""

NEAR = """
genre trap + mood dark | phonk, drift phonk, cloud rap, uk drill, memphis rap
genre pop + energy high | k pop, kpop, j pop, jpop, hyperpop, eurodance, schlager, city pop
genre drum and bass | dubstep, brostep, garage, uk garage, hardcore, gabber
genre synthwave | vaporwave, darksynth, electro, electronic, electronica, idm, cyberpunk, blade runner, stranger things
genre jazz + mood dark + pace slow | noir, film noir, detective, private eye, neo noir
genre country | wild west, morricone, western, spaghetti western, cowboy, honky tonk
genre church music | gospel, choral, requiem, monks, cathedral
genre funk | soul, r&b, rnb, motown, neo soul, afro funk
genre rock + mood dreamy | shoegaze, dream pop
genre rock | punk, grunge, garage rock, stoner, emo, britpop, post rock, alternative
genre metal | djent, metalcore, death metal, black metal, hard rock
genre salsa | mariachi, cumbia, bachata, merengue, mambo, tejano, rumba, cha cha
genre caribbean | reggaeton, dembow, hawaiian, soca, dancehall, surf
genre bossa nova | samba, elevator music, muzak, easy listening, lounge
genre folk | flamenco, klezmer, balkan, gypsy, singer songwriter, sea shanty, shanty, campfire
genre comedy | polka, ragtime, slapstick, vaudeville, silent film, benny hill
genre baroque | medieval, renaissance, tavern, early music
genre ambient | new age, drone music, healing, binaural, space, dungeon synth
genre epic | cinematic, game of thrones, hans zimmer, lord of the rings, superhero, boss fight, viking
genre indian | arabic, oriental, middle eastern, turkish, persian, desert
genre japanese | anime, chinese, asian, korean traditional, samurai
genre african | afrobeats, amapiano, tribal, jungle drums
genre lullaby + mood warm | weihnachten, weihnachts, weihnachtlich, navidad, villancico, noel, christmas, xmas, jingle bells, holiday
genre horror | halloween, zombie, slasher
genre orchestral | film score, soundtrack music, ballet, opera, symphony, john williams
genre corporate | vlog, tutorial, unboxing, tech, startup, linkedin
genre lo-fi | trip hop, downtempo beats, vlog chill, coffeehouse
genre trance | psytrance, goa, hardstyle, festival
genre techno | industrial, minimal techno, acid, ebm
genre disco | boogie, abba
genre house | daft punk, edm drop
genre reggae | bob marley
genre metal | metallica
genre baroque | bach, vivaldi, handel
genre classical piano | satie, chopin, debussy, einaudi, yiruma, gymnopedie
genre orchestral | mozart, beethoven, tchaikovsky, dvorak
genre march + instrument brass section | oompah, blasmusik, oktoberfest, brass band
genre documentary + mood tense | true crime
genre corporate | podcast
genre epic + energy high | action
texture drone + energy high | riser, uplifter, swell
instrument bowed pad | singing bowls, singing bowl, klangschalen
genre hip hop | glitch hop, rapper, freestyle, g funk
instrument acoustic guitar | ukulele, uke, lute, oud, classical lute, bouzouki
instrument steel guitar | mandolin, twelve string, 12 string, slide guitar, dobro, lap steel
instrument fiddle | erhu, hurdy gurdy, nyckelharpa, hardanger
instrument steel drums | handpan, hang drum, hang, tongue drum
instrument synth bass | 808, 808s, reese bass, wobble bass, didgeridoo
instrument synth | moog, theremin, arp, modular, synths
instrument choir pad | mellotron, vocoder
instrument voice | vocals, singing, singer, vocal, female vocals, male vocals, vocal chops
instrument choir | gregorian chant, chant, chanting
instrument brass section | braam, big brass
instrument electric guitar | guitar solo, stratocaster, telecaster, surf guitar
instrument harmonica | melodica
instrument harp | lyre, zither, autoharp, kora
instrument marimba | balafon, gamelan, handbells
instrument electric piano | keytar, clavinova
instrument clarinet | duduk, bass clarinet
instrument flute | bansuri, panpipe, quena, irish flute
instrument strings | violas, string trio
instrument tuba | sousaphone, euphonium
instrument trumpet | cornet, flugelhorn, bugle
instrument harpsichord | spinet, clavichord, virginal
instrument piccolo | fife
instrument bassoon | contrabassoon
instrument steel guitar | balalaika, charango
instrument organ | harmonium
drums yes | cajon, djembe, bongos, congas, tabla, taiko drums, cowbell, shaker, tambourine, bodhran, darbuka, beatbox, 808 drums
"""

WEAK = """
genre synthwave | 80s, 1980s, eighties, 80er, los 80, annees 80
genre pop | 90s, 1990s, nineties, 90er
genre funk | 70s, 1970s, seventies, 70er
genre rock | indie, 60s, 1960s, sixties, 60er
genre swing | 20s, 30s, 40s, 1920s, 1930s, 1940s, roaring twenties
mood warm | beach, playa, plage, strand, summer, sommer, verano, ete, holiday
mood dark | night, midnight, nacht, noche, nuit
mood calm | forest, nature, wald, natur, bosque, foret
mood playful | cat, dog, katze, hund, katzen, gato, perro, chat, chien
"""
"""What is said by words that count only where nothing else says it."""

OTHER_LANGUAGES = """
instrument piano | klavier, flügel, pianoforte | teclado de piano | clavier, piano à queue
instrument electric piano | e piano | piano eléctrico | piano électrique
instrument acoustic guitar | gitarre, akustikgitarre, konzertgitarre | guitarra, guitarra española, guitarra acústica | guitare, guitare acoustique, guitare classique
instrument electric guitar | e gitarre, elektrische gitarre | guitarra eléctrica | guitare électrique
instrument distorted guitar | verzerrte gitarre | guitarra distorsionada | guitare saturée
instrument violin | geige, violine | violín | violon
instrument viola | bratsche | | alto
instrument cello | violoncello | violonchelo, chelo | violoncelle
instrument double bass | kontrabass | contrabajo | contrebasse
instrument bass guitar | bassgitarre, e bass | bajo, bajo eléctrico | basse
instrument strings | streicher, streichorchester | cuerdas, orquesta de cuerdas | cordes, orchestre à cordes
instrument pizzicato strings | gezupfte streicher | cuerdas pizzicato | cordes pincées
instrument flute | flöte, querflöte | flauta | flûte, flûte traversière
instrument recorder | blockflöte | flauta dulce | flûte à bec
instrument clarinet | klarinette | clarinete | clarinette
instrument oboe | oboe | oboe | hautbois
instrument bassoon | fagott | fagot | basson
instrument trumpet | trompete | trompeta | trompette
instrument trombone | posaune | trombón | tromboni
instrument french horn | waldhorn, horn, hörner | trompa | cor, cors
instrument brass section | blechbläser, bläser | metales | cuivres
instrument saxophone | saxophon | saxofón, saxo | saxo
instrument harp | harfe | arpa | harpe
instrument harpsichord | cembalo | clavecín, clave | clavecin
instrument organ | orgel, hammondorgel | órgano | orgue
instrument church organ | kirchenorgel | órgano de iglesia | orgue d'église
instrument accordion | akkordeon, ziehharmonika | acordeón | accordéon
instrument harmonica | mundharmonika | armónica | harmonica
instrument bagpipes | dudelsack | gaita | cornemuse
instrument choir | chor | coro | choeur, chorale
instrument voice | gesang, stimme | voz, voces | voix, chant
instrument music box | spieluhr | caja de música | boîte à musique
instrument glockenspiel | glockenspiel | carillón | jeu de cloches
instrument tubular bells | glocken, röhrenglocken | campanas | cloches
instrument xylophone | xylophon | xilófono | xylophone
instrument vibraphone | vibraphon | vibráfono | vibraphone
instrument synth | synthesizer | sintetizador | synthé, synthétiseur
instrument whistle | pfeifen | silbido | sifflement
instrument banjo | banjo | banjo | banjo
instrument timpani | pauken | timbales | timbales
instrument warm pad | flächen, fläche | colchón | nappe, nappes
drums yes | klatschen, schlagzeug, trommeln, mit schlagzeug, beats | palmas, batería, percusión, tambores, con batería | batterie, percussions, avec batterie, tambours
drums no | ohne schlagzeug, ohne trommeln, ohne beat, kein schlagzeug | sin batería, sin percusión, sin tambores | sans batterie, sans percussions, pas de batterie
solo yes | allein, solo, unbegleitet | solo, sola, a solas | seul, seule, en solo
mood happy | fröhlich, glücklich, heiter, freudig, lustvoll | alegre, feliz, contento | joyeux, heureux, gai
mood sad | traurig, melancholisch, wehmütig | triste, melancólico | triste, mélancolique
mood calm | ruhig, entspannt, friedlich, sanft, besinnlich | tranquilo, relajante, sereno, suave, relajado | calme, paisible, tranquille, relaxant, apaisant, doux
mood energetic | energisch, kraftvoll, treibend, energiegeladen | enérgico, potente, animado | énergique, puissant, entraînant
mood dark | düster, dunkel, finster | oscuro, sombrío | sombre, obscur
mood tense | spannend, angespannt, spannungsvoll, nervös | tenso, inquietante, suspense | tendu, angoissant, suspense
mood dreamy | verträumt, träumerisch, schwebend | soñador, onírico | rêveur, onirique
mood epic | episch, heroisch, monumental, heldenhaft | épico, heroico, grandioso | épique, héroïque, grandiose
mood romantic | romantisch, zärtlich, liebevoll, hochzeit | romántico, tierno, apasionado, boda | romantique, tendre, mariage
mood mysterious | geheimnisvoll, mysteriös, rätselhaft | misterioso, enigmático | mystérieux, énigmatique
mood playful | verspielt, keck | juguetón, travieso | enjoué, espiègle, ludique
mood warm | warm, gemütlich, herzlich | cálido, acogedor | chaleureux
mood nostalgic | nostalgisch, sehnsüchtig | nostálgico, añorante | nostalgique
mood uplifting | hoffnungsvoll, erhebend, optimistisch, inspirierend | esperanzador, inspirador, optimista | plein d'espoir, inspirant, optimiste
mood dramatic | dramatisch, theatralisch | dramático | dramatique
mood scary | gruselig, unheimlich, beängstigend, schaurig | aterrador, terrorífico, espeluznante, miedo | effrayant, terrifiant, inquiétant
mood angry | wütend, aggressiv, zornig | enojado, furioso, agresivo | furieux, agressif, en colère
mood confident | selbstbewusst, stolz, lässig | seguro, orgulloso | confiant, fier
mood hypnotic | hypnotisch | hipnótico | hypnotique
mood serious | ernst, feierlich, würdevoll | serio, solemne | sérieux, solennel
mood funny | lustig, komisch, witzig | divertido, gracioso, cómico | drôle, comique, amusant
pace very slow | sehr langsam | muy lento | très lent
pace slow | langsam, gemächlich | lento, despacio, pausado | lent, lentement
pace medium tempo | mittleres tempo, mäßig, moderat | tempo medio, moderado | tempo moyen, modéré
pace fast | schnell, flott, rasch | rápido, ligero, movido | rapide, vite, rythmé
pace very fast | sehr schnell, rasend | muy rápido, veloz | très rapide, effréné
minor yes | moll | tono menor, menor | mode mineur, mineur
minor no | dur | tono mayor, mayor | mode majeur, majeur
dynamics soft | leise, zart | suave, bajito | doucement, délicat
dynamics loud | laut, mächtig | fuerte, ruidoso | bruyant
density sparse | sparsam, minimalistisch, reduziert | minimalista, escaso | minimaliste, épuré
density busy | dicht, voll | denso, lleno | dense, chargé
articulation legato | fließend, gebunden | fluido, ligado | fluide, lié
articulation staccato | abgehackt, kurz | cortado, picado | piqué, haché
texture melody | melodie | melodía | mélodie
texture arpeggio | arpeggien, gebrochene akkorde | arpegios | arpèges
texture chords | akkorde | acordes | accords
genre classical piano | klaviermusik, klavierstück | música de piano | musique de piano
genre orchestral | orchester, klassik, klassische musik, sinfonisch | orquesta, música clásica, sinfónico, orquestal | orchestre, musique classique, symphonique
genre epic | filmmusik, kinotrailer, trailermusik | música de cine, tráiler | bande annonce, musique de film
genre folk | volkslied, liedermacher | folclore, folk, popular | chanson folk, folklorique
genre waltz + meter 3/4 | walzer, dreivierteltakt | vals | valse
genre march | marsch, marschmusik | marcha | marche, fanfare
genre lullaby | wiegenlied, schlaflied | canción de cuna, nana | berceuse
genre church music | kirchenmusik, choral | música sacra, gregoriano | musique sacrée, grégorien
genre rock | rockmusik | rock | rock
genre jazz | jazzig | jazz | jazz
genre horror | horrorfilm, gruselfilm | película de terror, terror | film d'horreur, horreur
genre comedy | zirkus, komödie, zeichentrick | circo, comedia, dibujos animados | cirque, comédie, dessin animé
genre tango | tango | tango | tango
genre african | afrikanisch | africano | africain
genre indian | indisch | indio, hindú | indien
genre japanese | japanisch | japonés | japonais
genre celtic | irisch, keltisch | irlandés, celta | irlandais, celtique
genre country | wildwest | vaquero, ranchera | country
genre chiptune | videospiel, computerspiel | videojuego | jeu vidéo
genre house | tanzmusik | música de baile, discoteca | musique de danse, boîte de nuit
genre documentary | dokumentarfilm, naturfilm | documental, entrevista | entretien, documentaire
genre corporate | werbung, imagefilm, unternehmensfilm | corporativo, publicidad, empresa | entreprise, publicité
energy high | voller energie | mucha energía, intenso | intense, plein d'énergie
energy low | zurückhaltend, im hintergrund | de fondo, discreto | en fond, discret
"""

PASSED_OVER = """
a an the with and of for in on at to by from or as is it its that this some any very really so quite more most but
music track song piece tune composition soundtrack background instrumental underscore sound sounds theme themes style
vibe vibes feel feeling feelings mood atmosphere kind type like make made create generate write please me my want need
give playing played plays play featuring feat led over under into through about plus also tempo key mode beat per
minute minutes seconds second rhythm melody one two three good nice beautiful cool great best high low modern old new
slightly bit little lot part scene video film movie clip section loop bars bar time signature der die das ein eine
einen einem einer mit und von fur im am zu auf als ist sehr etwas bitte musik stuck lied hintergrund stimmung takt
stil ton uber el la los las un una unos con y de del para en al por muy algo musica cancion pieza tema fondo estilo
ritmo compas ambiente melodia que le les des du au aux avec et pour dans sur par tres une musique morceau chanson fond
ambiance rythme d l qui assez plutot only upon too off i we you d'une dem den bpm compose imagine female male girl boy group bassline pitched voiceover hintergrundmusik vom court metrage
corto corta
"""
