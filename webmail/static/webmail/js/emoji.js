// @ts-check
// A small set of emoji for messages of a school, with the names by which they are searched and spoken. Names are data
// here, in both languages of the interface.

const SIGNS = `
😀 visage souriant | grinning face
😊 sourire | smile
😉 clin d’œil | wink
😂 larmes de joie rire | tears of joy laughing
😅 rire gêné sueur | nervous laugh sweat
😍 yeux en cœur amour | heart eyes love
😎 lunettes de soleil | sunglasses
🤔 réflexion | thinking
🙄 yeux au ciel | rolling eyes
😴 endormi sommeil | sleeping
😢 triste larme | sad tear
😭 pleurs | crying
😡 colère | angry
😱 peur cri | scared scream
😷 malade masque | ill mask
🤒 fièvre malade | fever ill
🥳 fête | party
🤗 accolade câlin | hug
🙏 merci prière | thanks please
👍 pouce levé d’accord | thumbs up agreed
👎 pouce baissé | thumbs down
👏 applaudissements bravo | applause well done
💪 force courage | strength courage
👋 bonjour au revoir main | hello goodbye hand
🤝 poignée de main accord | handshake agreement
✌️ victoire paix | victory peace
👉 doigt vers la droite | finger to the right
✍️ écrire main | writing hand
❤️ cœur rouge | red heart
💙 cœur bleu | blue heart
💚 cœur vert | green heart
✨ étincelles | sparkles
⭐ étoile | star
🔥 feu | fire
🎉 confettis fête félicitations | confetti party congratulations
🎂 gâteau anniversaire | birthday cake
🎁 cadeau | present
🎄 sapin de Noël | Christmas tree
🎃 citrouille Halloween | pumpkin Halloween
🐣 poussin Pâques | chick Easter
☀️ soleil | sun
🌧️ pluie | rain
❄️ neige flocon | snow
🌈 arc-en-ciel | rainbow
🌸 fleur | flower
🌳 arbre | tree
🍂 feuilles automne | autumn leaves
🏫 école collège lycée | school
🎓 diplôme examen | diploma exam
📚 livres | books
📖 livre ouvert lecture | open book reading
✏️ crayon | pencil
🖊️ stylo | pen
📝 devoir mémo | homework memo
📐 équerre mathématiques | set square mathematics
🔬 microscope sciences | microscope science
🎨 palette arts | palette art
🎵 musique note | music note
🎭 théâtre | theatre
⚽ football sport | football sport
🏀 basket sport | basketball sport
🏃 course sport | running sport
🚌 autocar bus sortie | coach bus trip
🚆 train voyage | train journey
✈️ avion voyage | plane journey
🏛️ musée monument | museum monument
🗺️ carte voyage | map journey
🥪 pique-nique sandwich | picnic sandwich
🍎 pomme cantine | apple canteen
☕ café | coffee
📅 calendrier date | calendar date
⏰ réveil heure | alarm clock time
⏳ sablier attente | hourglass waiting
📌 punaise important | pin important
📎 trombone pièce jointe | paper clip attachment
📧 courriel | mail
📞 téléphone | telephone
💻 ordinateur | computer
🖨️ imprimante | printer
🔒 cadenas sécurité | lock security
🔔 cloche rappel | bell reminder
💡 idée ampoule | idea light bulb
❓ question | question
❗ exclamation important | exclamation important
⚠️ attention avertissement | warning
✅ fait coche | done tick
❌ non croix | no cross
➡️ flèche vers la droite | right arrow
🚫 interdit | forbidden
♻️ recyclage | recycling
`;

/** `[{ sign, name }]` in the language of the page. */
export function signs(language) {
  const side = language.startsWith("fr") ? 0 : 1;
  return SIGNS.trim()
    .split("\n")
    .map((line) => {
      const [sign, ...names] = line.split(" ");
      return { sign, name: names.join(" ").split(" | ")[side] };
    });
}
