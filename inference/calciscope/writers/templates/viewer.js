// The 3D viewer: nothing of it runs before it is started, since it is heavy.
(() => {
  const part = (name) => document.getElementById("viewer" + (name && "-" + name));
  const section = part("");
  if (!section) return;
  const scene = JSON.parse(part("scene").textContent);
  const lesions = new Map(scene.lesions.map((lesion) => [lesion.id, lesion]));
  const [canvas, stage, status] = [part("canvas"), part("stage"), part("status")];
  const FRONT = [180, 0];
  const HINT = "Click starts it; it then takes a few seconds. It is part of this file and loads nothing.";
  let viewer = null;
  let starting = null;
  let kinds = null;

  const say = (text) => { status.textContent = text; };
  const bytes = (name) => Uint8Array.from(atob(part(name).textContent), (c) => c.charCodeAt(0));
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const isRender = () => part("view").value === "render";

  function obstacle() {
    if (!window.DecompressionStream) return "This browser is too old for the 3D viewer";
    const probe = document.createElement("canvas").getContext("webgl2");
    if (!probe) return "This browser offers no WebGL 2, which the 3D viewer needs";
    probe.getExtension("WEBGL_lose_context")?.loseContext();
    return "";
  }

  async function library() {
    if (window.niivue) return window.niivue;
    const stream = new Blob([bytes("bundle")]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.niivue;
  }

  // One gray scale for slices and for rendering; its alpha counts in 3D only.
  function paint() {
    const [skin, bone, top] = scene.tone.map((value) => Math.round((255 * value) / scene.tone[2]));
    const veil = { skin: [2, 3, 24, 40], bone: [0, 0, 24, 40], none: [0, 0, 0, 0] }[part("body").value];
    const gray = isRender() ? [150, 165, 205, 230] : [0, 200, 225, 255];
    const levels = [0, ...gray];
    viewer.addColormap("calciscope", {
      R: levels, G: levels, B: levels, A: [0, ...veil], I: [0, skin, bone - 8, bone + 16, top],
    });
    viewer.setColormap(viewer.volumes[0].id, "calciscope");
  }

  function labelColors() {
    const table = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: [""] };
    for (const { id, color, text } of scene.lesions.filter((lesion) => lesion.id <= scene.lastLabel)) {
      const [r, g, b] = id === scene.lastLabel ? [153, 153, 153] : rgb(color);
      table.R.push(r); table.G.push(g); table.B.push(b); table.A.push(255);
      table.I.push(id); table.labels.push(text);
    }
    return table;
  }

  async function launch() {
    say("Starting …");
    part("start").hidden = true;
    // The library draws as large as the canvas is when it is handed over.
    stage.classList.add("started");
    // Let the browser show that before the work begins.
    await new Promise((resolve) => { setTimeout(resolve, 30); });
    const { Niivue, NVImage, SLICE_TYPE, SHOW_RENDER, DRAG_MODE } = await library();
    kinds = {
      render: SLICE_TYPE.RENDER, axial: SLICE_TYPE.AXIAL, coronal: SLICE_TYPE.CORONAL,
      sagittal: SLICE_TYPE.SAGITTAL, all: SLICE_TYPE.MULTIPLANAR,
    };
    viewer = new Niivue({
      logLevel: "error", dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true,
      showAllOrientationMarkers: true, crosshairColor: [1, 1, 1, 0.6], crosshairGap: 8, fontColor: [1, 1, 1, 1],
      crosshairWidthUnit: "percent", multiplanarPadPixels: 24,
      dragMode: DRAG_MODE.slicer3D, multiplanarShowRender: SHOW_RENDER.ALWAYS,
      longTouchTimeout: 2 ** 31 - 1, forceDevicePixelRatio: Math.min(window.devicePixelRatio, 2),
    });
    viewer.onLocationChange = tell;
    viewer.onAzimuthElevationChange = nameSides;
    await viewer.attachToCanvas(canvas);
    const ct = await NVImage.loadFromBase64({ base64: part("ct").textContent, name: "ct.nii.gz", cal_min: 0, cal_max: scene.tone[2] });
    viewer.addVolume(ct);
    const labels = await NVImage.loadFromBase64({ base64: part("labels").textContent, name: "lesions.nii.gz" });
    // NIFTI_INTENT_LABEL of nifti1.h: values are names, not amounts.
    labels.hdr.intent_code = 1002;
    labels.setColormapLabel(labelColors());
    viewer.addVolume(labels);
    if (part("uptake")) {
      for (const kind of ["flat", "solid"]) viewer.addColormap(kind, scene.uptake[kind]);
      const spect = await NVImage.loadFromBase64({ base64: part("spect").textContent, name: "spect.nii.gz", colormap: "flat", cal_min: 0, cal_max: scene.uptake.top, opacity: 0 });
      viewer.addVolume(spect);
      part("uptake").addEventListener("input", blend);
    }
    // Rims as strong as the inside: otherwise a lesion of one voxel is hardly seen.
    viewer.setAtlasOutline(1);
    section.niivue = viewer;
    canvas.tabIndex = 0;
    part("controls").hidden = false;
    show();
    reset();
    canvas.focus({ preventScroll: true });
  }

  // How strongly the uptake, the third volume, lies over the others; in 3D only the hottest does.
  function blend() {
    if (!part("uptake")) return;
    viewer.setColormap(viewer.volumes[2].id, isRender() ? "solid" : "flat");
    viewer.setOpacity(2, Number(part("uptake").value) / 100);
  }

  function start() {
    const reason = obstacle();
    if (reason) return fail(reason);
    starting ??= launch().catch((error) => fail(`The 3D viewer could not start (${error.message})`));
    return starting;
  }

  function fail(reason) {
    part("start").hidden = true;
    stage.hidden = true;
    say(`${reason}; the pictures on this page remain.`);
  }

  function show() {
    paint();
    blend();
    // Beside slices the edges of the rendering have no room for letters; a cube bears them.
    viewer.opts.isOrientCube = part("view").value === "all";
    viewer.setSliceType(kinds[part("view").value]);
    // About two pixels of the screen, in percent of the body's width.
    const tiles = part("view").value === "all" ? 4 : 1;
    viewer.setCrosshairWidth((tiles * 200) / canvas.clientWidth);
    nameSides();
  }

  // What is at the left and right edge of the rendering, seen from the front, a side or the back.
  function nameSides() {
    const quarter = Math.round(viewer.scene.renderAzimuth / 90) & 3;
    const level = isRender() && Math.abs(viewer.scene.renderElevation) <= 60;
    part("left").textContent = level ? "LARP"[quarter] : "";
    part("right").textContent = level ? "RPLA"[quarter] : "";
  }

  // The lines through the point would cut through the body as long as no lesion is chosen.
  function cross(visible) {
    viewer.opts.show3Dcrosshair = visible;
    viewer.drawScene();
  }

  function tell({ mm }) {
    const voxel = viewer.volumes[1].mm2vox([...mm].slice(0, 3));
    const label = viewer.volumes[1].getValue(...voxel);
    const found = label < scene.lastLabel ? lesions.get(label) : undefined;
    cross(true);
    part("lesion").value = found ? found.id : "";
    // The last label is shared by all lesions from its number on.
    if (label === scene.lastLabel) say(`Lesion ${label} or one after it.`);
    else say(found ? found.text : "No lesion at this point.");
  }

  function choose(id) {
    const lesion = lesions.get(Number(id));
    if (!lesion) return reset();
    viewer.scene.crosshairPos = viewer.mm2frac(lesion.at);
    cross(true);
    part("lesion").value = lesion.id;
    say(lesion.text);
  }

  function zoom(factor) {
    if (isRender()) return viewer.setScale(Math.min(Math.max(viewer.volScaleMultiplier * factor, 0.5), 10));
    const pan = [...viewer.scene.pan2Dxyzmm];
    const after = Math.min(Math.max(pan[3] * factor, 1), 12);
    const mm = viewer.frac2mm(viewer.scene.crosshairPos);
    for (const axis of [0, 1, 2]) pan[axis] += (pan[3] - after) * mm[axis];
    pan[3] = after;
    viewer.setPan2Dxyzmm(after === 1 ? [0, 0, 0, 1] : pan);
  }

  function reset() {
    viewer.scene.crosshairPos = viewer.mm2frac(scene.lesions[0].at);
    viewer.scene.pan2Dxyzmm = [0, 0, 0, 1];
    viewer.scene.volScaleMultiplier = 1;
    viewer.setRenderAzimuthElevation(...FRONT);
    cross(false);
    part("lesion").value = "";
    say(`${lesions.size} ${lesions.size === 1 ? "lesion" : "lesions"}, in the colors of the pictures above.`);
  }

  function turn(azimuth, elevation) {
    const { renderAzimuth, renderElevation } = viewer.scene;
    viewer.setRenderAzimuthElevation((renderAzimuth + azimuth + 360) % 360, Math.min(Math.max(renderElevation + elevation, -90), 90));
  }

  // Steps of the point in voxels to the right, front and head. The patient's right is on the left.
  const STEPS = {
    axial: { left: [1, 0, 0], right: [-1, 0, 0], up: [0, 1, 0], down: [0, -1, 0], next: [0, 0, 1], previous: [0, 0, -1] },
    coronal: { left: [1, 0, 0], right: [-1, 0, 0], up: [0, 0, 1], down: [0, 0, -1], next: [0, 1, 0], previous: [0, -1, 0] },
    sagittal: { left: [0, 1, 0], right: [0, -1, 0], up: [0, 0, 1], down: [0, 0, -1], next: [1, 0, 0], previous: [-1, 0, 0] },
  };
  const TURNS = { left: [-15, 0], right: [15, 0], up: [0, 15], down: [0, -15] };

  function act(name) {
    const view = part("view").value;
    const step = STEPS[view]?.[name];
    if (name === "in") zoom(1.25);
    else if (name === "out") zoom(0.8);
    else if (name === "reset") reset();
    else if (step) viewer.moveCrosshairInVox(...step);
    else if (TURNS[name]) turn(...TURNS[name]);
  }

  const KEYS = {
    ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", PageUp: "next",
    PageDown: "previous", "+": "in", "=": "in", "-": "out", 0: "reset",
  };

  // The keys, double clicks and wheel of the library mean other things: ours come first.
  stage.addEventListener("keydown", (event) => {
    if (!viewer || event.target !== canvas) return;
    event.stopPropagation();
    const name = KEYS[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(name);
  }, true);
  stage.addEventListener("keyup", (event) => event.stopPropagation(), true);
  stage.addEventListener("dblclick", (event) => { event.stopPropagation(); if (viewer) reset(); }, true);
  stage.addEventListener("wheel", (event) => { if (document.activeElement !== canvas) event.stopPropagation(); }, true);

  for (const drag of ["mousemove", "touchmove"]) {
    stage.addEventListener(drag, () => { if (viewer) nameSides(); });
  }

  part("start").addEventListener("click", start);
  part("view").addEventListener("change", show);
  part("body").addEventListener("change", show);
  part("lesion").addEventListener("change", (event) => choose(event.target.value));
  part("controls").addEventListener("click", (event) => {
    const name = event.target.closest("button")?.dataset.do;
    if (name) act(name);
  });

  // The number of a lesion in its line of the table shows it here.
  for (const lesion of scene.lesions) {
    const cell = document.getElementById(`lesion-${lesion.id}`)?.cells[0];
    if (!cell) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "show";
    button.textContent = cell.textContent;
    button.setAttribute("aria-label", `Show lesion ${lesion.id} in the 3D viewer`);
    button.addEventListener("click", async () => {
      section.scrollIntoView({ block: "start" });
      await start();
      if (viewer) choose(lesion.id);
    });
    cell.replaceChildren(button);
  }

  const reason = obstacle();
  if (reason) fail(reason);
  else { part("start").hidden = false; say(HINT); }
})();
