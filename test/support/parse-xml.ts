import { DOMParser, type Document, type Element, MIME_TYPE, onErrorStopParsing } from '@xmldom/xmldom';

/** The document that a strict parser sees in this text; an error where it is not well-formed. */
export function parseXml(text: string): Document {
  return new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, MIME_TYPE.XML_TEXT);
}

/** The elements of one name, those with this word in their class only where one is given. */
export function elements(document: Document, name: string, className = ''): Element[] {
  return [...document.getElementsByTagName(name)].filter(
    (element) => className === '' || (element.getAttribute('class') ?? '').split(' ').includes(className),
  );
}

/** The text of the first element of one name within another. */
export function textOf(element: Element, name: string): string {
  return element.getElementsByTagName(name).item(0)?.textContent ?? '';
}
