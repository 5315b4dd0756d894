"""Turns of phrase that sell, frighten, or belong to wanted mail; in French and English.

They are compared word by word, in small letters without accents; ``*`` at the end of a word stands
for any ending. A turn of phrase that a circular, a parent or a shop's receipt may use as well is
not in the lists of adverts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mail.folding import without_accents

# Words of a text that are looked at.
MOST_WORDS = 4_000
# Words of a text from which on turns of phrase stand in it by chance too.
_TELLING_LENGTH = 300
_BAR = re.compile(r"[|\n]")
_WORD = re.compile(r"[a-z]+|\d+(?:[.,]\d+)?|[€$£%]")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ß": "ss"})
# Characters of other scripts that are put into words to hide them from classifiers.
_EYE = str.maketrans("асеіјорѕхутмвнкαεικνορτυχ", "aceijopsxytmbhkaeiknoptux")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")

OFFER = """
promo*|code promo*|remise*|reduction* de|de reduction|% de remise|offre* speciale*|offre exclusive
offre* exceptionnelle*|offre* limitee*|offre valable|offre reservee|offre de lancement
offre de rentree|offre decouverte|bon* plan*|bonnes affaires|vente* privee*|vente* flash|soldes
destockage|liquidation|prix casse*|prix doux|petit* prix|prix promotionnel|prix imbattable*
prix preferentiel*|tarif preferentiel|tarif* preferentiel*|tarif* reduit* jusqu
tarif* exceptionnel*|au lieu de|jusqu a epuisement|profitez|profitez en|j en profite|je profite
en profiter|livraison offerte|livraison gratuite|frais de port offerts|frais offerts
satisfait ou rembourse|sans engagement|premier mois offert|mois offert*|mois gratuit*|essai gratuit
essayez gratuitement|essai offert|derniers jours|dernier jour pour|dernieres heures|derniere chance
plus que quelques|il ne reste que|ne manquez pas|ne ratez pas|ne passez pas a cote|depechez vous
nouvelle collection|nos nouveautes|nouveautes de la saison|nos meilleures ventes|coup* de coeur
black friday|cyber monday|cheque* cadeau*|carte* cadeau*|bon* d achat|cashback|parrainez
points fidelite|euros offerts|offert* pour|offerte* pour|% sur|% de reduction|devis gratuit*
etude gratuite|estimation gratuite|diagnostic gratuit|sans frais de dossier|taux exceptionnel
financement possible|payez en|payer en plusieurs fois|paiement en 3|en 4 fois|abonnez vous
je m abonne|offre d abonnement|abonnement a tarif|commandez|je commande|commander maintenant
j achete|acheter maintenant|ajouter au panier|votre panier|decouvrir l offre|voir l offre
voir les offres|je decouvre|decouvrez nos|decouvrez notre|decouvrez la collection|decouvrez l offre
decouvrez toute*|demandez votre|recevez votre|recevez gratuitement|testez gratuitement
reservez vite|prix de lancement|special enseignant*|special prof*|special rentree|tarif enseignant*
avantage* enseignant*|defiscalis*|loi pinel|investissement locatif|rendement|reduire vos impots
reduisez vos impots|constituer un patrimoine|patrimoine|credit* renouvelable|rachat de credit*
regroupement de credit*|pret personnel|mutuelle moins chere|jeu concours|tentez de gagner|a gagner
vous avez ete selectionne*|grand* jeu*|adhesion offerte|sur tout le site|sur le site|limited time
special offer|exclusive offer|our offer*|% off|save up|save %|save big|free trial|free shipping
free delivery|discount*|coupon*|promo code|use code|sale ends|flash sale|summer sale|spring sale
winter sale|big sale|shop now|buy now|order now|get yours|upgrade now|upgrade today|go premium
subscribe now|subscribe today|start your|claim your|last chance|ends tonight|ends soon|ends today
don t miss|hurry|while stocks|money back|best price*|lowest price*|new arrivals|new collection
best seller*|bestseller*|gift card*|treat yourself|per month|a month|billed annually|cancel anytime
no commitment|half price|instead of|early bird|unlock|lifetime access|offert|offerte|offerts
offertes|gratuitement|cadeau de bienvenue|a prix|prix fou*|meilleur prix|meilleurs prix|prix bas
prix d appel|moitie prix|premier achat|premiere commande|prochaine commande|prix catalogue
prix public|faites plaisir|faites vous plaisir|offrez vous|laissez vous tenter|craquez
il reste des places|partent vite|stock limite|stocks limites|disparaitre|destock*|je choisis
je reserve|j en veux|je teste|j essaie|reserver maintenant|voir la collection|voir les sejours
voir les modeles|voir la selection|essayer maintenant|souscrire|faire mon devis|demander mon etude
mon devis|votre invitation|invitation gratuite|pieces achetees|achetee* la|achetes le
bouteilles achetees|passez a|passez au niveau|premium|illimite|illimitee|illimites|illimitees
sans pub|au prix d une|pour le prix|deux pour|paire offerte|reste a charge|ouverture des ventes
en avant premiere|en exclusivite|pour 1 €|tout compris|all inclusive|par jour seulement
annulez quand|arretez quand|resiliez quand|sans frais|frais de port|port offert|livre chez vous
livres chez vous|livraison rapide|livree* a temps|livre a temps|sans apport|devenez proprietaire
faites des economies|economies|baisser la facture|faire baisser|de remise|on us|complimentary
have landed|save on|members save|book now|enrol now|enroll now|try it free|for free|free gift
this week only|this weekend|limited places|limited offer|sign up today|get started|see plans
view offer|shop the|explore the|bundle|flash|clearance|reward*|refer a friend
"""

SELLING = """
notre societe|notre entreprise|notre agence|notre start up|notre startup|notre marque
notre solution|nos solutions|notre plateforme|notre catalogue|notre gamme|nos produits|nos services
nos clients|nos references|nos prestations|nos tarifs|nos formules|notre logiciel|notre application
notre outil|notre savoir faire|nous concevons|nous fabriquons|nous commercialisons
nous proposons aux|nous accompagnons|nous equipons|nous vous proposons de|leader|specialiste*
specialise* dans|expert* en|acteur de reference|deja utilise*|nous font confiance|font confiance
etablissements equipes|etablissements utilisent|lycees utilisent|ecoles utilisent|ont deja adopte
je reviens vers vous|je me permets de vous contacter|je me permets de vous ecrire
je me permets de revenir|me permets de vous relancer|suite a mon precedent|mon precedent mail
mon dernier mail|mon mail precedent|auriez vous un creneau|auriez vous quelques minutes
seriez vous disponible|seriez vous interesse*|un creneau de|15 minutes|quinze minutes|20 minutes
vingt minutes|10 minutes au telephone|un court echange|un bref echange|une courte demonstration
une demonstration|demo gratuite|une demo|prendre rendez vous avec moi|reserver un creneau
choisissez un creneau|mon agenda|convenir d un|vous presenter notre|vous presenter nos
vous presenter la|vous faire parvenir|vous envoyer notre|vous adresser notre|un devis
devis personnalise|chiffrage|a l essai|en test|sans obligation|charge* de clientele
responsable commercial*|commerciale|charge* d affaires|conseiller commercial|business developer
account manager|responsable des ventes|chef de secteur|attache* commercial*|delegue* commercial*
directeur commercial|vos besoins|vos projets|vos achats|vos equipements|votre budget|ht|ttc|ht par
tarif education|tarif* degressif*|economisez|gagnez du temps|gagner du temps|cle en main
cles en main|sur mesure|a partir de|des aujourd hui|a votre disposition pour|financer vos
financez vos|financez votre|collecte de fonds|vente de|benefice* pour|rejoignez notre equipe de
rejoindre notre equipe|nous recrutons des|nous recherchons des|complement de revenu*
completer vos revenus|arrondir|de l heure|a domicile|soutien scolaire|cours particuliers
mission* remuneree*|remunere*|remuneration|un partenariat|devenir partenaire
proposition de partenariat|referencement|visibilite|generer|base de donnees|fichier de|courtier
notre etude|bilan patrimonial|conseiller en|simulation|eligib*|nos conseillers|un conseiller vous
rappel gratuit|etre rappele*|je souhaite etre|je suis interesse*|repondez a ce mail
repondez simplement|par retour de mail|our company|our platform|our solution*|our product*
our service*|our team of experts|our clients|our customers|i wanted to reach|reaching out
i am reaching out|following up|follow up on|circling back|touch base|quick call|15 minute
a quick chat|book a call|book a demo|schedule a|a demo|free demo|hop on a call|interested in
are you the right|trusted by|leading provider|leading supplier|case stud*|pricing|quote|our range
we offer|we provide|we specialise|we specialize|we help|boost your|increase your|grow your
your business|sales team|sales manager|cost effective|turnkey|tailored|hesitez pas a me
serais ravi* de|serions ravis de|heureux de vous presenter|plaisir de vous presenter|mon entreprise
ma societe|mon agence|notre organisme|notre studio|notre troupe|notre compagnie|notre centre
notre maison|notre cabinet|notre bureau d etudes|notre atelier|notre magasin|notre institut
notre ecole de|nos experts|nos equipes interviennent|nos intervenants|nos formateurs|nos formations
nos ateliers|nos sejours|nos offres|nos buffets|notre offre|notre brochure|notre plaquette
la plaquette|notre proposition|la brochure|notre documentation|fondateur de|fondatrice de
co fondateur|cofondatrice|gerant de|gerante de|je dirige|je represente|responsable du developpement
charge* de developpement|charge* de recrutement|charge* de diffusion|technico commercial*
ingenieur commercial|delegue* pedagogique|conseiller* independant*|courtier*|je suis tombe sur
j ai vu que vous|en parcourant|j ai decouvert votre|votre profil|votre etablissement a|vous appeler
puis je vous|puis je passer|vous montrer|vous faire decouvrir|faire le point sur|en visio
minutes suffisent|quelques minutes|dix minutes|vous preferez mardi|preferez vous|lundi ou|mardi ou
mercredi ou|jeudi ou|cette semaine ou|la semaine prochaine|quel creneau|quel jour|quel soir
quand puis je|quand pouvez vous|cela vous tente|cela vous interesse|ca vous interesse|si cela vous
si vous le souhaitez je|il suffit de repondre|il me suffit|je n ai pas eu de retour
pas eu de retour|sauf erreur de ma part|passe inapercu|passe entre|aidons les
aide les etablissements|aide les ecoles|aide les colleges|aide les lycees|aide les equipes
aide les professeurs|accompagne les|intervient|intervenons|intervient dans|intervenons dans
deja intervenus|nous deplacons|se deplace dans|se deplacent|une centaine d|des centaines d
une trentaine d|des milliers d|plus de * etablissements|etablissements l utilisent|s en sert
s en servent|l ont adopte|utilisent notre|equipe deja|equipent deja|fournisseur*|fabricant*
fabriquons|importateur|distributeur*|revendeur*|prestataire*|grossiste|tarif de groupe|tarif groupe
tarif special|nos prix|notre prix|comptez|par personne|par eleve|la piece|piece des|pieces des
la seance|la journee|la demi journee|minimum|prix unitaire|bon de commande joint|echantillon*
specimen|essai d un mois|pilote gratuit|maquette gratuite|audit|audit gratuit|bilan offert
bilan gratuit|expertise gratuite|aucun engagement|ne vous engage|n engage a rien
sans obligation d achat|aucune gestion|on s occupe de tout|nous nous occupons|s occupe de tout
zero stock|sans avance|reversons|reverses|reverse a|de benefice|vos couts|vos contrats|vos factures
vos depenses|vos recettes|financable*|pass culture|finance par|prise en charge opco
mandat administratif|interlocuteur|dans l attente de vous|faire parvenir notre|carte est jointe
tarifs joints|brut de l heure|de l heure selon|rejoignez nous|rejoignez notre|rejoindre notre
recrute des|recrutons|cherche des professeurs|cherchent un professeur|recherche des enseignants
vos disponibilites|vous fixez|quelques heures de|heures de cours|donner des cours|donnez des cours
indemnite*|missions ponctuelles|auto entrepreneur|completez vos|we manufacture|we supply
we work with|sell directly|direct to schools|price list|on loan|a sample|samples|free pilot|pilot
orders over|export manager|account executive|founder of|co founder|i noticed|i came across
teachers tell us|schools like yours|schools use|would it make sense|would you be open|open to a
worth a|15 min|show you how|happy to set up|happy to send|may i send|can i send|won t write again
not for you|competitive|bulk order*|discount for schools|distributors|at no cost
"""

JUNK = """
casino|jackpot|free spins|tours gratuits|bonus de bienvenue|paris sportifs|machines a sous|poker
roulette|bitcoin*|crypto*|trading|forex|investisseurs malins|gagnez jusqu|revenus passifs
devenez riche|argent facile|travail a domicile|viagra|cialis|pilule*|erection|perdre du poids
perdez * kilos|maigrir|minceur|brule graisse|cbd|rencontres|celibataires|femmes pres de|sexy|adult*
hot singles|dating|loterie|lottery|heritage|inheritance|beneficiaire*|next of kin|millions
million de|million dollars|million euros|fonds bloques|transfert de fonds|diplomate|barrister
notaire charge|don de|pret entre particuliers|pret rapide|credit sans justificatif|western union
moneygram|coupon* pcs|transcash|neosurf|cartes prepayees|colis en attente|colis est bloque
frais de douane|frais de livraison de|frais de reexpedition|reprogrammer la livraison
reprogrammer votre livraison|replanifier|adresse incomplete|compte suspendu|compte sera suspendu
compte a ete suspendu|compte sera desactive|compte sera ferme|compte bloque|acces suspendu
sera definitivement|sera supprime|seront supprimes|sera cloture*|verifiez votre compte
verifier votre compte|confirmez votre identite|confirmer votre identite|confirmez vos
confirmer vos informations|confirmer vos coordonnees|mettre a jour vos informations
mettez a jour vos|mise a jour de vos informations|validez votre|valider votre compte
reactiver votre|boite aux lettres est pleine|boite est pleine|quota depasse|quota de stockage
boite de messagerie est|limite de stockage|messages en attente|messages bloques
votre mot de passe expire|mot de passe expire|conserver le meme mot de passe
conserver mon mot de passe|activite inhabituelle|connexion inhabituelle|dans les 24 heures
sous 24 heures|sous 48 heures|dans les 48 heures|24 h|48 h|immediatement|majoration|majoree
saisie sur|poursuites|huissier|avis de contravention|amende* forfaitaire*|remboursement en attente
remboursement de|vous etes eligible|trop percu|carte bancaire|coordonnees bancaires|numero de carte
piece d identite|votre carte vitale|nouvelle carte vitale|renouvellement automatique
prelevement automatique de|a ete debite*|sera debite*|pour annuler|appelez immediatement
remote assistance|contre bons soins|transporteur|frais de transport|demenageur*|chiot*|chaton*
defunt*|feu mon|mon defunt|cartes cadeaux|carte* itunes|google play|j ai besoin d un service
besoin d un service|es tu disponible|etes vous disponible|discretion|confidentiel*
je suis en reunion|ne peux pas parler|pirate*|webcam|votre appareil|malware|article processing
processing charge|submit your|manuscript*|eminent|esteemed|greetings of the day|impact factor
call for papers|editorial board|fast publication|peer review|keynote speaker|honorary|your valuable
account suspended|account has been suspended|suspended|verify your account|verify your identity
confirm your identity|update your payment|update your billing|unusual activity|unusual sign
password expires|password will expire|mailbox is full|mailbox full|storage limit|storage quota
within 24 hours|within 48 hours|within 12 hours|final notice|final reminder|auto renew*
will be charged|has been charged|been debited|auto debit*|toll free|helpdesk|call us|call our
geek squad|antivirus|invoice attached|wire transfer|gift cards|kindly|dear beneficiary|dear friend
dearly|congratulations|you have won|winner*|investment opportunity|urgent business
business proposal|work from home|earn up|earn money|passive income|guaranteed return*|risk free
weight loss|lose weight|miracle|cheap meds|online pharmacy|replica*|luxury watches|seo|backlink*
first page of google|diplome* sans|diplomes reconnus|doctorat honoris|degree without
no credit check|quick loan|loan offer|taux de 2|taux de 3|frais d affranchissement|frais d envoi
frais de port|frais restent|restent dus|paquet|destruction|reprogramm*|debloquer|liberer vos
desactivee|desactive|sera desactivee|seront perdus|courriels perdus|validez votre compte|revalider
re validate|re valider|validation de votre|identifiez vous avec|avec votre mot de passe
et votre mot de passe|identifiant et mot de passe|votre numero de carte|code recu par|depassez
depasse son quota|de son espace|petit service|rendre un service|un service a te|tache discrete
mission discrete|tache a vous confier|uniquement par mail|seulement par mail|par mail uniquement
n en parle* a personne|rembourse demain|te rembourse|vous rembourserai|te rembourserai
carte cadeau steam|coupons|recharges|codes au dos|envoyer les codes|photo des codes
en rendez vous donc|es tu la|tu es disponible|etes vous libre|etes vous la|bloque a l etranger
perdu mes papiers|adresse privee|son adresse personnelle|mon adresse privee|adresse mail privee
nous a quittes|nous a quitte|a perdu son mari|de son defunt|de sa defunte|offre gratuitement
cede gratuitement|ne demande rien|port est a|seul le transport|de grande valeur|un passionne
personne honnete|toute personne|personne serieuse|personne de confiance|homme de dieu|que dieu
cancer|phase terminale|ma fortune|mes biens|mon avocat|un notaire|mandat cash|prets de|pret de
taux d interet|interdit* bancaire*|remboursables sur|financement rapide|offre de pret
gains garantis|gain garanti|robot de trading|depot minimum|premier depot|investissez 250
rendement garanti|rendements garantis|multiplier|en bitcoin|portefeuille|blockchain|token*|airdrop
pronostic*|mise|tours|machines|patch|detox|regime|kilos|ventre plat|sans effort|libido|virilite
sans ordonnance|medicament*|pharmacie en ligne|mon profil|mes photos|homme discret|femme discrete
seul ce soir|seule ce soir|coquine*|chaude*|plan discret|rolex|contrefacon*|copies haut
copies parfaites|envoi discret|livraison discrete|grandes marques a|j ai installe|j ai pirate|filme
vos collegues recevront|a tous vos contacts|payer la rancon|logiciel espion|votre secret
vous etes le gagnant|gagnant*|tirage|tiree au sort|tire au sort|sondage|aspirateur robot|iphone
pour 1 euro|pour un euro|2 € de frais|robot|voyance|voyant*|medium|marabout|retour de l etre
desenvoutement|tarot|annuaire professionnel|nom de domaine expire|dernier avis|your claim
to file your|claims agent|lucky|draw|deceased|attorney|barr|late client|surname|next of|fund*
beneficiary|private address|private email|usd|bank draft|compensation|atm card|consignment
god bless|widow|orphan*|publication charge|publication fee|registration fee|speaker|congress
world summit|global summit|scientific committee|delighted to reserve|upcoming issue|special issue
invite you to contribute|invite you to submit|warm greetings|outstanding article|distinguished
scholar*|acceptance in|certificate provided|indexed in|refund desk|refund department|support desk
appear on your statement|if this was not you phone|was not you phone|plan has been renewed
protection plan|comply|failure to|deactivation|re login|revalidate|validate your|avoid losing
lose access|migrat*|upgrade your mailbox|quota|held messages|pending messages|quarantine*
release messages|voicemail|docusign|sharepoint|page one|web traffic|guest post|backlinks|rank your
errors on your|your website
"""

ORDER = """
votre commande n|commande n|numero de commande|recapitulatif de votre commande
confirmation de commande|confirmation de votre|confirmons votre|bien recu votre|avons bien recu
bien enregistre*|votre inscription|votre reservation|votre reservation n|votre billet|vos billets
votre colis|suivre mon colis|suivi de votre|numero de suivi|a ete expediee|a ete expedie
est en route|date de livraison|bon de livraison|votre facture|facture n|votre recu|recu de paiement
votre paiement de|votre virement|virement de|virement vers|operation effectuee|vous avez effectue
vous avez demande|vous avez passe|suite a votre commande|suite a votre demande|suite a votre appel
a votre demande|que vous avez|vous vous etes inscrit*|merci pour votre achat
merci de votre commande|merci de votre inscription|merci pour votre inscription|releve de compte
releve mensuel|votre releve|solde de votre|numero de dossier|votre dossier|votre rendez vous
rappel de rendez vous|rendez vous confirme|votre contrat|votre abonnement a ete|votre adhesion
remboursement recu|remboursements du|code de verification|code de confirmation|nouvelle connexion
connexion a votre compte|si vous n etes pas a l origine|si ce n etait pas vous
si vous etes a l origine|cet avis est automatique|message automatique
ceci est un message automatique|ne pas repondre a ce message|merci de ne pas repondre|your order
order number|order confirmation|your booking|booking reference|booking is confirmed
your registration|registration is confirmed|your ticket*|your receipt|receipt for|payment received
your payment of|has shipped|been shipped|tracking number|out for delivery|your reservation
your appointment|you requested|as you requested|thank you for your order|thank you for registering
thank you for booking|new sign in|security code|verification code|if this was you|your statement
your itinerary|confirmation number|your password was changed|mot de passe a ete modifie|jury
convocation|convoque*|votre commande du|de votre commande|vient de partir|je vous confirme votre
vous confirme votre|confirmons la|votre venue|votre train|votre vol|votre vehicule
votre consommation|votre solde|votre carnet|votre espace client|votre espace personnel
espace client|comme demande|merci de votre demande|suite a votre|votre message|a votre courrier
prelevee le|sera preleve|sera prelevee|se presentera|releve annuel|notre conversation
notre echange telephonique|notre entretien|apres notre|as promised|we have booked
thank you for your|your place at|your payment|has been received|montant total|total ttc
reference dossier|transporteur|livraison estimee|avez effectue|vous avez ajoute|nous avons recu
se connecter a|dans votre tableau de bord|vos notifications|ces notifications|de ces messages
manage notifications|you are subscribed to this|vos eleves ont|de vos eleves|votre sondage
vous venez de creer|creation de votre compte|confirmez votre adresse|your meeting|meeting id
confirmer votre adresse|confirmez votre inscription|confirmer votre inscription|le lien expire
lien est valable|n avez rien demande|n avez pas demande|ne tenez pas compte de ce|ignorez ce message
ignorer ce message|signing up|sign up to|verify your email address|confirm your email
this link expires|did not create an account|did not request|ignore this email|ignore this message
"""

SCHOOL = """
eleve|eleves|ma fille|mon fils|la classe|ma classe|3eme|4eme|5eme|6eme|3e|4e|5e|6e|2nde|terminale*
premiere|cm2|cm1|ce2|ce1|cp|maternelle|conseil de classe|conseils de classe
conseil d administration|conseil pedagogique|conseil de discipline|conseil d ecole|conseil ecole
reunion parents|parents professeurs|professeur emploi du temps|salle des professeurs|vie scolaire
cpe|proviseur*|principal|principale adjointe|directrice|directeur de l ecole|chef d etablissement
chefs d etablissement|inspecteur|inspectrice|ia ipr|ien|rectorat|recteur|rectrice|dsden|dasen
academie|academique|circulaire|note de service|bulletin officiel|boen|mutation*|mouvement inter
mouvement intra|bareme|avancement|echelon|hors classe|notation|rendez vous de carriere
formation continue|plan academique|paf|conge de formation|stage*|convention de stage|pfmp
rapport de stage|bulletin*|bulletin scolaire|notes de|moyenne*|devoir*|controle de|copies
correction*|sujets|epreuve*|examen*|brevet|dnb|baccalaureat|bac|bts|cap|surveillance*|jury*
deliberation*|oral|grand oral|absence*|absent*|retard*|justificatif*|certificat medical|infirmerie
infirmiere|cantine|internat|sortie scolaire|sortie du|voyage scolaire|autorisation de sortie
accompagnateur*|pap|pai|pps|ulis|aesh|orientation|parcoursup|affelnet|voeux|fiche de voeux
cahier de texte*|ent|pronote|manuel*|programme*|sequence*|progression*|seance*|tp de
salle informatique|labo*|carnet|carnet de liaison|ramassage|assemblee generale
heures supplementaires|hsa|hse|service d enseignement|vacataire*|contractuel*|stagiaire*|titulaire*
remplacant*|collegue*|chers collegues|cheres collegues|chere collegue|cher collegue
equipe pedagogique|homework|pupil*|my daughter|my son|class trip|school trip|parents evening
report card|head teacher|headteacher|colleagues|timetable|students
"""

PERSONAL = """
ma fille|mon fils|mes enfants|notre fille|notre fils|la maman de|le papa de|maman de|papa de
mere de|pere de|je suis la mere|je suis le pere|mon mari|ma femme|je vous prie d excuser
excuser l absence|excuser son|est malade|etait malade|chez le medecin|a oublie|a perdu|n a pas pu
n a pas compris|merci pour votre retour|merci de votre retour|merci pour votre reponse
merci pour votre message|merci de votre comprehension|en reponse a votre|comme convenu|comme prevu
on se voit|on se retrouve|a demain|a lundi|a mardi|a jeudi|a vendredi|a tout a l heure|bises|biz
bisous|amities|amicalement|bien a toi|salut|coucou|tu peux|tu pourrais|peux tu|pourrais tu
est ce que tu|je t|t envoie|je te|ton|tes|ta|toi|ci joint|en piece jointe|piece jointe|ci jointe
ci jointes|veuillez trouver|bonnes vacances|bon week end|bonne fin de semaine|bon courage
qu en penses tu|qu en pensez vous|je suis desole*|desolee|pardon|voici le compte rendu|compte rendu
je vous confirme|je confirme|thanks for|thank you for your reply|as agreed|as discussed|see you
attached is|attached are|please find attached|sorry for|best wishes to|let me know if you can
"""

COMMUNITY = """
assemblee generale|adherent*|cotisation*|notre association|l association|de l association|le bureau
conseil syndical|section locale|section academique|section departementale|syndicat|syndicale
syndical|militant*|greve|preavis|manifestation|intersyndicale|revendication*|comite technique|csa
capa|commission paritaire|elus|elu* du personnel|vos representants|permanence*|heure d information
reunion d information syndicale|appel a|mobilisation|tribune|communique|compte rendu|bulletin n
lettre n|lettre d information|infolettre|newsletter n|au sommaire|sommaire|journee d etude*
colloque|seminaire|conference*|webinaire|appel a contributions|appel a communication*
appel a projets|concours|exposition*|visite*|mediation|museotheque|ressource* pedagogique*
ressources gratuites|en acces libre|gratuit et ouvert|inscription gratuite|entree libre
entree gratuite|benevole*|benevolat|foyer socio|amicale|fcpe|peep|parents d eleves
cooperative scolaire|occe|usep|unss|apbg|aphg|apmep|sympa|se desabonner de la liste
vous etes abonne* a la liste|liste de diffusion|our members|membership|annual meeting
general meeting|mailing list|proceedings|workshop|seminar|exhibition|open access|free admission
volunteer*|union branch|digest|pour les classes|aux classes|les scolaires|des scolaires
pour les scolaires|service educatif|service des publics|enseignants relais|enseignant relais
dossier d ecoute|dossier pedagogique|dossier enseignant|sont gratuits|est gratuit|c est gratuit
est gratuite|sont gratuites|atelier* gratuit*|rencontre avec|podcast|fonds numerises|numerises
journee de formation|study day|school visits|are free|is free|for teachers|trail|handling sessions
permanence|delegues|elections|garanties|la recherche|chercheur*|chercheuse*|seance* testee*
sequences|appel a temoignages|residence d artiste|orchestre|mediatheque|bibliotheque|archives
museum|planetarium
"""

OPT_OUT = """
se desinscrire|vous desinscrire|me desinscrire|desinscription|desinscrivez vous|desabonner
desabonnement|se desabonner|vous desabonner|ne plus recevoir|ne souhaitez plus|ne voulez plus
ne desirez plus|etre retire|etre retiree|vous retirer de|me retirer|stop en reponse|repondez stop
repondre stop|mention stop|avec stop|stop|recevez ce message car|recevez cet email
recevez cet e mail|recevez ce mail|recevez ce courriel car|gerer vos preferences|mes preferences
voir la version en ligne|version en ligne|version navigateur|si ce message ne s affiche|lien miroir
afficher dans votre navigateur|ne vous ecrirai plus|je ne vous relancerai|unsubscribe|opt out
manage preferences|email preferences|view in browser|view online|view this email|no longer wish
stop receiving|remove you|not interested|you are receiving|why did i get
"""

PRESSING = """
mot de passe|password|identifiant*|credentials|votre compte|your account|votre messagerie
votre boite|mailbox|messagerie|log in|sign in|connectez vous|se connecter|authentif*|webmail
"""
URGENT = """
urgent|urgence|immediatement|immediate*|sans delai|dernier rappel|dernier avis|derniere relance
24 heures|48 heures|24 h|48 h|72 heures|24h|48h|sous peine|sera suspendu|sera bloque|sera desactive
sera ferme|sera supprime|suspension|suspendu|desactivation|expire*|expiration|final notice
within 24|within 48|24 hours|48 hours|suspended|deactivated|terminated|permanently
"""
REQUEST = """
cliquez|cliquer|click|lien ci dessous|lien suivant|link below|bouton ci dessous|connectez vous
verifiez|verifier|verify|confirmez|confirmer|confirm|validez|valider|mettez a jour|mettre a jour
update|reactivez|reactiver|regularis*|reglez|payez|telephonez|rappelez|repondez
annulez|annulez le|annuler cet|cancel it|munissez vous|saisissez|identifiez
"""
PAYING = """
carte bancaire|coordonnees bancaires|numero de carte|rib|iban|payer|paiement|payez|reglez|reglement
regularis*|frais de|virement|cartes cadeaux|carte cadeau|gift card*|coupon*|recharge*|western union
payment|billing|charged|debited|card details
votre carte|un achat de|un paiement de|cet achat
"""
# To warn of frauds, as a support desk, a colleague or the admin of a list does.
WARNING = """
hameconnage|phishing|filoutage|arnaque*|escroquerie*|escroc*|fraude*|frauduleu*|ne cliquez pas
ne cliquez surtout pas|ne pas cliquer|ne repondez pas|ne pas repondre a|n ouvrez pas|mefiez vous
soyez vigilant*|vigilance|ne communiquez jamais|ne vous demanderons jamais|ne vous demandera jamais
signalez|faux message*|faux mail*|fake message*|scam*|do not click|don t click|do not reply
do not open|beware|we will never ask|never ask you|usurp*|imitant|se faisant passer
"""
# Subjects of frauds. Honest mail speaks of them too, so that each is only one sign among others.
DISCRETION = """
confidentiel*|confidentialite absolue|discretion|discretement|discret|entre nous|n en parle*
ne parle* a personne|sans en parler|ne pas en parler|garde* cela|garder le secret|surprise pour
ne pas m appeler|pas joignable par telephone|ne peux pas telephoner|ne peux pas parler
ne peux pas prendre d appel*|ne peux pas t appeler|ne puis vous appeler|ne m appelez pas
uniquement par mail|uniquement par courriel|seulement par mail|par mail uniquement
par courriel uniquement|keep this between|between us|confidential|discreet|can t talk|cannot talk
can t take calls|only by email|by email only|keep it private
"""
AVAILABLE = """
es tu disponible|etes vous disponible|tu es disponible|vous etes disponible|es tu la
etes vous la|tu es la|vous etes au bureau|es tu au bureau|etes vous au bureau|un service a te
un service a vous|besoin d un service|rendre un service|petit service|une tache a|tache urgente
ton numero|votre numero de portable|numero whatsapp|whatsapp|are you available|are you free
are you around|quick favour|quick favor|a favour|a favor|quick task|your cell|your mobile number
a moment for|peux tu me rendre|pouvez vous me rendre|reponds moi des|repondez moi des
"""
GIFT_CARDS = """
transcash|neosurf|pcs|paysafecard|carte* pcs|coupon* transcash|coupon* pcs|carte* itunes
carte* apple|carte* google play|google play|itunes|steam|amazon gift|gift card*|carte* cadeau*
carte* prepayee*|mandat cash|western union|moneygram|wero|code* au dos|grattez|gratter
photo* des codes|photo* des cartes|scratch|bitcoin*|usdt|cryptomonnaie*|crypto monnaie*|btc|wallet
"""
PARCEL = """
votre colis|votre envoi|votre paquet|your parcel|your package|your shipment|colis en attente
colis est bloque|colis retenu|frais de livraison|frais de douane|droits de douane|frais d import*
affranchissement|reprogrammer|nouvelle livraison|livraison echouee|tentative de livraison
tentative de remise|delivery attempt|redelivery|customs fee*|customs dut*|dedouanement
relais|numero de suivi|tracking number|adresse incomplete|adresse de livraison
"""
LAW = """
procedure judiciaire|poursuites judiciaires|mandat d arret|mandat d amener|pedopornograph*
pornograph*|pedophil*|site* illicite*|infraction*|procureur*|gendarmerie|police judiciaire|brigade
europol|interpol|convocation en justice|convocation judiciaire|casier judiciaire|tribunal
mise en demeure|majoration|amende*|contravention*|avis d infraction|huissier|saisie
commissaire de justice|cybercriminalite|protection des mineurs|court order|legal action|prosecution
"""
CODE = """
qr code*|qr|code qr|flashez|flasher|flashcode|scannez|scanner le|scan the|scan this|appareil photo
camera|avec votre telephone|avec votre smartphone|authenticator|double authentification
authentification a deux facteurs|two factor|mfa|2fa|multifacteur|validation en deux etapes
"""
MAILBOX = """
votre messagerie|votre boite|votre boite mail|boite aux lettres|votre compte de messagerie
quota|espace de stockage|limite de stockage|stockage atteint|boite pleine|mailbox|storage
webmail|mot de passe expire|expiration de votre mot|password expire*|messages en attente
messages bloques|messages retenus|courriels en attente|mails en attente|held messages
pending messages|undelivered|synchronisation|migration|mise a niveau|nouvelle version|upgrade
serveur de messagerie|session expire*|reconnect*|reauthentif*|same password
"""
DOCUMENT = """
document partage|a partage un|a partage avec|partage un fichier|partage un document
document securise|fichier securise|message securise|document protege|consulter le document
voir le document|ouvrir le document|afficher le document|acceder au document|shared a file
shared a document|shared with you|secure document|secure message|view document|open document
review document|review and sign|a signer|signature electronique|signature requise|docusign
sharepoint|onedrive|one drive|message vocal|voicemail|voice message|telecopie|fax|scan|numerisation
photocopieur|multifonction
"""
BANK = """
changement de rib|nouveau rib|nouvelles coordonnees bancaires|coordonnees bancaires
changement de coordonnees|changement de compte|changer mon compte|changement de banque
nouvel iban|nouveau compte bancaire|rib ci joint|mon rib|bank details|new bank account
beneficiaire*|cle digitale|certicode|securipass|carte bloquee|carte suspendue|carte bancaire
operation inhabituelle|transaction suspecte|connexion inhabituelle|activite inhabituelle
activite suspecte|nouvel appareil|unusual activity|suspicious activity|unusual sign
facture impayee|impaye|paiement refuse|paiement echoue|echec du paiement|echec de paiement
moyen de paiement|payment failed|payment declined|payment method|update your payment|remboursement
trop percu|refund|virement
"""
WEALTH = """
heritage|heritier*|succession|notaire|legs|fonds en depot|million*|beneficiaire des fonds|loterie
lottery|tirage au sort|gagnant*|winner|vous avez gagne|inheritance|next of kin|deceased|donation
compensation|investissement|rendement*|trader|trading|plus value*|revenu* passif*|profit*
piano|chiot*|chaton*|adoption|a donner|contre bons soins|webcam|video de vous|camera|rancon
donnees personnelles|pirate|hacker|hacke|enregistre|vos contacts|your contacts|recorded you
"""


def fold(text: str) -> str:
    """Text as it is compared: small letters, no accents, nothing unseen; Cyrillic and Greek
    letters that look Latin are Latin."""
    bare = without_accents(_UNSEEN.sub("", text).lower().translate(_LIGATURES))
    return bare if bare.isascii() else bare.translate(_EYE)


def split(folded: str) -> list[str]:
    """The words, numbers and signs of money of a folded text; of a long one the beginning and the
    end."""
    pieces = _WORD.findall(folded)
    if len(pieces) > MOST_WORDS:
        return pieces[: MOST_WORDS * 3 // 4] + pieces[-MOST_WORDS // 4 :]
    return pieces


def density(length: int) -> float:
    """How much a turn of phrase weighs in a text of so many words: in a long one, many stand by
    chance."""
    return min(1.0, _TELLING_LENGTH / max(1, length))


def read_phrases(written: str) -> list[tuple[str, ...]]:
    """The words of each phrase of a list that is written as above."""
    split_up = (
        re.findall(r"[a-z]+\*?|\d+|[*€$£%]", fold(phrase)) for phrase in _BAR.split(written)
    )
    return [tuple(words) for words in split_up if words]


class Phrases:
    """One list, made for looking up."""

    def __init__(self, written: str) -> None:
        self._by_start: dict[str, list[tuple[str, ...]]] = {}
        for words in read_phrases(written):
            self._by_start.setdefault(words[0].rstrip("*")[:3], []).append(words)

    def found(self, words: Sequence[str]) -> list[str]:
        """The different phrases that ``words`` hold, in their order; the longest counts, and no
        other one inside it."""
        out: dict[str, None] = {}
        free = 0
        for index, word in enumerate(words):
            if index < free:
                continue
            best: tuple[str, ...] = ()
            for phrase in self._by_start.get(word[:3], ()):
                if len(phrase) > len(best) and stands(phrase, words, index):
                    best = phrase
            if best:
                out[" ".join(best)] = None
                free = index + len(best)
        return list(out)


def stands(phrase: tuple[str, ...], words: Sequence[str], index: int) -> bool:
    """Whether a phrase begins at a word."""
    if index + len(phrase) > len(words):
        return False
    for offset, wanted in enumerate(phrase):
        word = words[index + offset]
        if word != wanted and not (wanted.endswith("*") and word.startswith(wanted[:-1])):
            return False
    return True


@lru_cache(maxsize=32)
def phrases_of(written: str) -> Phrases:
    """The list ready for use, made once."""
    return Phrases(written)
