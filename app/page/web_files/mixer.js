// The mixer plays the two sounds by themselves; until it is opened the film's own sound is heard.
const mixer = {
  on: false,
  follow() {},
};
